"""Campaigns by text message, called a newsletter."""

from sqlalchemy import Column, Enum, ForeignKey, Integer, Text
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """The declarative base."""


class Campaign(Base):
    """A campaign."""

    __tablename__ = "campaigns"
    __table_args__ = {"schema": "lead", "extend_existing": True}

    channel = Column(Enum("EMAIL", "SMS", name="campaign_channel"), nullable=False)


class SMSDeliveryEvent(Base):
    """What became of one message."""

    __tablename__ = "sms_delivery_events"
    __table_args__ = {"schema": "lead"}

    campaign_id = Column(ForeignKey("lead.campaigns.id"))
    cost = Column(Integer)


class Subscriber(Base):
    """Whoever gets campaigns."""

    __tablename__ = "subscribers"
    __table_args__ = {"schema": "lead"}

    phone = Column(Text)
