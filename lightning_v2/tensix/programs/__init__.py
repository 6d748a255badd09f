"""How ttnn cuts a product or a convolution into blocks, and in which order it adds them."""
