"""What `fastact.testing.check_activation` looks at: gradients, special values, claims of the record, compiled code, errors in ulp."""
