"""What requests leave behind: nothing, or where it is set, an encrypted history that only its owner can read."""
