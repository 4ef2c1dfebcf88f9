"""`python -m counterfoil`."""

from counterfoil.commands.app import main

main()
