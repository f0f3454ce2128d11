"""The command line: ``python -m gan_helpers train | sample | evaluate | recipes``."""

import argparse
import sys
from typing import NoReturn

from gan_helpers.cli import evaluate, sample, train
from gan_helpers.cli.options import recipe_table
from gan_helpers.cli.shell import command_line

DESCRIPTION = "Train a generator, draw images from it, measure it. Each COMMAND has its own --help."


class Parser(argparse.ArgumentParser):
    """An argparse parser that answers a bad argument with one sentence, not the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. {self.prog} --help explains.\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status; an error prints one sentence on stderr."""
    parser = Parser(prog="python -m gan_helpers", description=DESCRIPTION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (train, sample, evaluate):
        command.add_parser(commands)
    recipes = commands.add_parser("recipes", help="list the recipes with their numbers")
    recipes.set_defaults(run=lambda arguments: print(recipe_table()))
    given = sys.argv[1:] if arguments is None else arguments
    chosen = parser.parse_args(given)
    chosen.command = command_line(*given)
    try:
        return chosen.run(chosen) or 0
    except (OSError, TypeError, ValueError) as error:
        print(f"python -m gan_helpers: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # Nothing is lost here: a half-written file has been removed.
        return 130
