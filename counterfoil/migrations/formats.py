"""The forms in which a judged folder of migrations can be printed."""

from typing import Literal

Format = Literal["text", "json", "github", "sarif"]
