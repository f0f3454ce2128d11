"""The module behind the course's notebooks; each public function says which one introduces it."""
