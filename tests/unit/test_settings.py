

def test_no_pattern_of_the_inputs_takes_megabytes() -> None:
    """A counted repetition of what all of Unicode has is compiled that many times."""
    patterns = re.findall(r'"pattern":\s*"((?:[^"\\]|\\.)*)"', json.dumps(Inputs.model_json_schema()))
    assert patterns
    for pattern in patterns:
        counts = [int(n) for n in re.findall(r"\{\d*,?(\d+)\}", pattern)]
        assert not [n for n in counts if n > 10], pattern
