"""Reads printed lines of tasks' pictures with RapidOCR, in processes of their own."""
