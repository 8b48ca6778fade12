"""The tests, by kind; `style.md` says what belongs where."""
