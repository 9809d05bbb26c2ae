"""The same random program on several stores at once; every answer must be alike."""
