"""The forms in which the commands that judge print what they found."""

from typing import Literal

Format = Literal["text", "json", "junit", "github", "sarif", "markdown"]
