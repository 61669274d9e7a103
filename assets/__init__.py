"""What the atlas knows: one folder per layer, in the order the data flow."""
