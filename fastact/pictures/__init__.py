"""What `fastact.plot` draws with: values without matplotlib in `curves`, colours in `style`, and a module a kind of picture."""
