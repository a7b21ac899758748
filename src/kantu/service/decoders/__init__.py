"""Decodes untrusted pictures in processes that hold nothing worth taking; see `pool.py`.

One process, the zygote, imports the decoders and never sees a picture. It forks a process for each picture, which shuts
itself in (`sandbox.py`), decodes that one, answers and ends. So no picture can change what another one gives, and all
memory is given back.
"""
