"""Campaigns by text message, called a newsletter."""

from sqlalchemy import Boolean, Column, DateTime, Enum, ForeignKey, Integer, Text, Uuid
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """The declarative base."""


class Campaign(Base):
    """A campaign."""

    __tablename__ = "campaigns"
    __table_args__ = {"schema": "lead", "extend_existing": True}

    id = Column(Uuid, primary_key=True)
    name = Column(Text, nullable=False)
    channel = Column(
        Enum("EMAIL", "SMS", "PUSH", "WHATSAPP", name="campaign_channel", schema="lead"),
        nullable=False,
    )
    status = Column(
        Enum("DRAFT", "SCHEDULED", "SENDING", "SENT", name="campaign_status", schema="lead"),
        nullable=False,
    )
    scheduled_at = Column(DateTime(timezone=True))
    started_at = Column(DateTime(timezone=True))
    finished_at = Column(DateTime(timezone=True))
    sent_count = Column(Integer, nullable=False)
    delivered_count = Column(Integer, nullable=False)
    failed_count = Column(Integer, nullable=False)
    spent_cents = Column(Integer, nullable=False)


class CampaignEvent(Base):
    """What is told of a campaign."""

    __tablename__ = "campaign_events"
    __table_args__ = {"schema": "lead"}

    id = Column(Uuid, primary_key=True)
    campaign_id = Column(ForeignKey("lead.campaigns.id"))
    subscriber_id = Column(ForeignKey("lead.subscribers.id", ondelete="SET NULL"))
    event_type = Column(
        Enum("SENT", "DELIVERED", "FAILED", name="campaign_event_type", schema="lead"),
        nullable=False,
    )
    occurred_at = Column(DateTime(timezone=True), nullable=False)


class SMSDeliveryEvent(Base):
    """What became of one message."""

    __tablename__ = "sms_delivery_events"
    __table_args__ = {"schema": "lead"}

    id = Column(Uuid, primary_key=True)
    campaign_id = Column(ForeignKey("lead.campaigns.id"))
    subscriber_id = Column(ForeignKey("lead.subscribers.id", ondelete="SET NULL"))
    message_sid = Column(Text)
    status = Column(
        Enum("QUEUED", "SENT", "DELIVERED", "FAILED", name="sms_delivery_status", schema="lead"),
        nullable=False,
    )
    queued_at = Column(DateTime(timezone=True), nullable=False)
    sent_at = Column(DateTime(timezone=True))
    delivered_at = Column(DateTime(timezone=True))
    failed_at = Column(DateTime(timezone=True))
    cost = Column(Integer)


class Subscriber(Base):
    """Whoever gets campaigns."""

    __tablename__ = "subscribers"
    __table_args__ = {"schema": "lead"}

    id = Column(Uuid, primary_key=True)
    customer_id = Column(ForeignKey("core.customers.id"))
    phone = Column(Text)
    sms_subscribed = Column(Boolean, nullable=False)
    sms_unsubscribed_at = Column(DateTime(timezone=True))
