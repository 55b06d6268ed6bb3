"""The words of the pages in English and French, a module for each kind of page; keys are the same in both."""
