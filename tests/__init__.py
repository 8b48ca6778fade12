"""The tests, by kind: a folder for each, from one function alone to the whole program."""
