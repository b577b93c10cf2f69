"""The page of the Vilnius contact centre: its parts, from data to components."""
