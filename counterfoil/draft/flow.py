"""Values as YAML has them on one line."""

from typing import Any

import yaml


class _OneLineDumper(yaml.SafeDumper):
    """What does not show as itself in a name is escaped, so that a line stays one."""

    def represent_str(self, text: str) -> yaml.ScalarNode:
        style = None if text.isprintable() else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_OneLineDumper.add_representer(str, _OneLineDumper.represent_str)


def flow(value: Any) -> str:
    """A value as YAML has it on one line, in a list or a mapping too."""
    text = yaml.dump(
        [value],
        Dumper=_OneLineDumper,
        default_flow_style=True,
        allow_unicode=True,
        sort_keys=False,
        width=float("inf"),
    )
    return text.strip().removeprefix("[").removesuffix("]")
