"""What pages do: parse inputs, call one service, render with `portal.ui`."""
