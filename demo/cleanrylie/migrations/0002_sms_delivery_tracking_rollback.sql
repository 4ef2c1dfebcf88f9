drop table sms_deliveries;
