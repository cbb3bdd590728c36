"""`python -m warren.workers`: the process a worker function or a check runs in. Started by `process.py` only."""

from warren.workers.child import main

main()
