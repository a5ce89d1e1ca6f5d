"""What the device kernels become: PTX that keeps the rules of arithmetic, cubins by nvJitLink, their SASS by nvdisasm."""
