"""The blind quiz of notebook 09: its cases, its answers, its score."""

import re
from pathlib import Path

from gan_helpers.failures import ADVICE, FAILURES, Quiz, diagnose, load_recorded
from gan_helpers.failures import quiz as quiz_module
from gan_helpers.failures.quiz import CASES


def test_there_are_at_least_ten_cases_of_known_failures_and_at_least_seven_kinds():
    assert len(CASES) >= 10
    assert {failure for failure, _, _ in CASES} <= set(FAILURES)
    names = {name for _, right, _ in CASES for name in right}
    assert names <= set(ADVICE) and len(names) >= 7 and "healthy" in names


def test_the_right_answer_is_right_and_tells_the_change(capsys):
    Quiz().answer(3, "sigmoid twice")
    out = capsys.readouterr().out
    assert "right, sigmoid twice" in out and FAILURES["sigmoid_twice"].change in out


def test_a_wrong_answer_gets_the_evidence_and_only_the_first_counts(capsys):
    quiz = Quiz()
    quiz.answer(4, "healthy")
    assert re.match(r"Case 4: not right\. Look again: d_loss is 1\.38", capsys.readouterr().out)
    quiz.answer(4, "mode collapse")
    quiz.answer(5, "discriminator too strong")
    capsys.readouterr()
    quiz.score()
    assert "1 points for first answers; 2 of 12" in capsys.readouterr().out


def test_dots_and_unknown_names_are_no_answers(capsys):
    quiz = Quiz()
    quiz.answer(1, ...)
    assert capsys.readouterr().out.startswith("Case 1: not tried yet")
    for name in ("collapse", 3, None, ["healthy"]):
        quiz.answer(1, name)
        answer = capsys.readouterr().out
        assert answer.startswith(f"Case 1: {name!r} is none of the names") and "'healthy'" in answer
    assert quiz.right == {}


def test_capitals_and_blanks_do_not_make_an_answer_wrong(capsys):
    Quiz().answer(3, " Sigmoid  Twice")
    assert capsys.readouterr().out.startswith("Case 3: right, sigmoid twice.")


def test_show_draws_the_case_with_words_that_do_not_name_it(monkeypatch, capsys):
    shown = []
    monkeypatch.setattr(quiz_module, "plot_dashboard", lambda history, alt: shown.append(alt))
    for case, (failure, right, _) in enumerate(CASES, 1):
        Quiz().show(case)
        printed = capsys.readouterr().out
        assert printed.startswith(f"Case {case}: of the forty samples ")
        assert shown[-1].startswith(f"Dashboard of case {case}.")
        assert all(word not in shown[-1] + printed for word in (*right, failure))
    assert len(set(shown)) == len(CASES)


def test_what_a_wrong_answer_is_told_is_the_evidence_for_the_right_one():
    for failure, right, _ in CASES:
        assert diagnose(load_recorded(failure, seed=2)).verdict == right[0]


def test_a_name_that_can_be_defended_counts_half(capsys):
    quiz = Quiz()
    for case, (_, right, defensible) in enumerate(CASES, 1):
        assert set(defensible) <= set(ADVICE) - set(right)
        for name in defensible:
            quiz.answer(case, name)
            assert capsys.readouterr().out.startswith(f"Case {case}: {name} can be defended")
    assert set(quiz.right.values()) == {0.5}


def test_what_is_printed_first_does_not_hold_the_measurement_that_decides(monkeypatch, capsys):
    monkeypatch.setattr(quiz_module, "plot_dashboard", lambda history, alt: print(alt))
    Quiz().show(1)
    assert "as far as" not in capsys.readouterr().out
    Quiz().measure(1)
    assert "D's step over G's" in capsys.readouterr().out


def test_the_answers_on_paper_are_those_of_the_quiz():
    notebook = (Path(__file__).parents[2] / "notebooks" / "09_quiz.ipynb").read_text("utf-8")
    for case, (failure, right, _) in enumerate(CASES, 1):
        assert f"{case}. {right[0]} (`{failure}`)" in notebook
