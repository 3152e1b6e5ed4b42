"""What can be done: actions as declared in code. Plain Python and pydantic; knows neither Django nor the engine."""
