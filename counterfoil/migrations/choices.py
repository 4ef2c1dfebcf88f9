"""The choices that a judgement of a folder of migrations offers."""

from typing import Literal

Format = Literal["text", "json", "github", "sarif"]
