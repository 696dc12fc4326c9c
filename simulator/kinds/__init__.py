"""What a document may be: one ``kind`` a file, from fields to values."""

OBJECT_CENTRIC = "belongs to DEF's object-centric mode, which is not supported"
