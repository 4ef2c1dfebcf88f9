"""Recordings of calls."""

from sqlalchemy import Column, ForeignKey

from .newsletter import Base


class CallRecording(Base):
    """A recording."""

    __tablename__ = "call_recordings"
    __table_args__ = {"schema": "communications"}

    booking_id = Column(ForeignKey("core.bookings.id"))
