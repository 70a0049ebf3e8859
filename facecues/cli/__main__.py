"""python -m facecues.cli"""

from facecues.cli import main

main()
