"""The documentation. Two of its pages are made from the code: `python -m docs.reference`, or `make docs`."""
