"""What runs on a GPU: bits against the CPU's, proofs, speeds. `python -m bench.gpu --out FOLDER` does all of it.

`device`, `digest`, `cases`, `run` and the modules below them need NumPy, cuda-core and a driver only: with a bundle, made by
`python -m bench.gpu.bundle FILE` where fastact works, they run where fastact cannot be imported.
"""
