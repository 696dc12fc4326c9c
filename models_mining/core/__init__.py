"""The mining core: pure Python without Django. It takes and returns values and reads no clock."""
