"""How sources, digests, messages and the service are, for operators: commands and pages say the same of them.

In: a configuration and an archive that is open for reading (for writing, where something is changed). Out: values that
a table or a page is made of. May raise ArchiveError.
"""
