"""The code behind the course; each public function names the notebook that introduces it."""
