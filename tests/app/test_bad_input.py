"""What a file or an applicant may bring: each fault is one clear sentence, and nothing is lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests import made
from tests.app.test_score import shown
from workbench.ui import data_findings, frame, words

N = 800


def rows(**columns) -> pd.DataFrame:
    """Return rows that can be trained on, with `columns` added before the outcome."""
    at = np.arange(N)
    frame = pd.DataFrame({"id": [f"{i:08d}" for i in at], "age": 20 + at * 7 % 50, "income": 900 + at % 311})
    return frame.assign(**columns, bad=(at * 13 % 40 < 7).astype(int))


def csv(frame: pd.DataFrame, **how) -> bytes:
    return frame.to_csv(index=False, **how).encode(how.get("encoding", "utf-8"))


def text(app) -> str:
    """Return every word on the page."""
    kinds = (app.error, app.warning, app.markdown, app.caption, app.subheader)
    return " ".join(e.value for kind in kinds for e in kind)


def keep(app):
    """Confirm the roles; returns the page Findings."""
    app.button(key="save_roles").click().run()
    assert not app.exception, app.exception
    return app


def role(app, columns: list[str], name: str):
    """Give several columns a role, as the table does; an editor cannot be driven without a browser."""
    state = app.session_state["_roles"]
    base = state["base"].copy()
    base.loc[base["column"].isin(columns), "role"] = name
    app.session_state["_roles"] = state | {"base": base, "now": base, "revision": state["revision"] + 1}
    app.run()
    assert not app.exception, app.exception


def kept(app):
    """Return the data set that was kept last."""
    from workbench import desk

    opened = desk.open()
    return opened.dataset(app.session_state["_data"], opened.portfolio(app.session_state["_portfolio"]))


def test_a_decimal_sign_that_nothing_proves_is_asked_for_and_the_file_is_read_so(bring):
    lines = [b"%d;%d,%03d;%d\n" % (i, i % 9, 100 + i % 900, i % 4 == 0) for i in range(600)]
    content = b"id;rate;bad\n" + b"".join(lines)
    app = bring("rates.csv", content)
    assert not app.exception and len(app.error) == 1
    assert frame.code("DECIMAL") in app.error[0].value
    app.selectbox(key="option_decimal").set_value(",").run()
    app.button(key="read_so").click().run()
    assert not app.error
    assert "600 rows in = 600 kept + 0 refused" in text(app)


def test_next_month_s_file_is_not_asked_about_again(bring):
    towns = np.where(np.arange(N) % 2, "Zürich", "Genève")
    app = bring("march.csv", csv(rows(town=towns), sep=";", encoding="cp1252"))
    assert frame.code("ENCODING") in app.error[0].value
    app.selectbox(key="option_encoding").set_value("cp1252").run()
    app.button(key="read_so").click().run()
    keep(app)
    app.query_params["step"] = "bring"
    app.run()
    april = csv(rows(town=towns).iloc[: N - 60], sep=";", encoding="cp1252")
    app.file_uploader[0].upload("april.csv", april, "text/csv").run()
    assert not app.exception and not app.error
    assert "declares its files" in text(app)
    keep(app)
    assert kept(app).n == N - 60 and set(kept(app).frame["town"]) == {"Zürich", "Genève"}


def test_keys_and_names_are_kept_as_they_are_written(bring):
    frame_of = rows(region=np.where(np.arange(N) % 3, "NA", "null"))
    frame_of["id"] = [f"00{10**17 + i}" for i in range(N)]
    app = keep(bring("ids.csv", csv(frame_of)))
    data = kept(app)
    assert data.portfolio.row_key == "id" and data.row_key.tolist() == frame_of["id"].tolist()
    assert data.frame["region"].tolist() == frame_of["region"].tolist()
    assert not len(data.refused)


def test_infinite_numbers_are_found_and_named(trained):
    app, _ = trained
    frame_of = made.frame(900, seed=11)
    income = frame_of["income"].astype(str).replace("nan", "")
    income[[3, 70, 500]] = ["inf", "-Infinity", "1e400"]
    app.run()
    app.switch_page("pages/1_Data.py").run()
    app.file_uploader[0].upload("infinite.csv", csv(frame_of.assign(income=income)), "text/csv").run()
    keep(app)
    assert words.text("(income) hold an infinite number") in text(app)
    assert "900 rows in = 897 kept + 3 refused" in text(app)


def test_dates_that_can_be_read_two_ways_are_asked_about(bring, tmp_path):
    day = [f"{1 + i % 12:02d}/{1 + i // 12 % 12:02d}/2024" for i in range(N)]
    app = bring("dates.csv", csv(rows(opened=day)))
    assert not app.exception
    assert "How are the dates of opened written" in text(app)
    role(app, ["opened"], "date")
    app.button(key="save_roles").click().run()
    assert not app.exception
    assert len(app.error) == 1 and frame.code("DATE_FORMAT") in app.error[0].value
    assert not list((tmp_path / "home").glob("datasets/*"))


def test_every_value_of_an_outcome_of_three_classes_is_named(bring):
    ended = np.resize(["paid", "late", "default"], N)
    app = bring("three.csv", csv(rows().assign(bad=ended).rename(columns={"bad": "status"})))
    picker = next(s for s in app.selectbox if s.key.startswith("outcome_column"))
    picker.set_value("status").run()
    assert not app.exception
    labels = " ".join(radio.label for radio in app.radio)
    assert all(f"{value}: " in labels for value in ("paid", "late", "default"))


def test_what_no_word_says_of_an_outcome_is_asked_for_and_nothing_taken(bring):
    ended = np.resize(["A", "B", "C"], N)
    app = bring("codes.csv", csv(rows().assign(bad=ended).rename(columns={"bad": "end"})))
    next(s for s in app.selectbox if s.key.startswith("outcome_column")).set_value("end").run()
    assert [r.value for r in app.radio if r.key.startswith("end_")] == [None, None, None]
    assert "Still to be said: A, B and C." in text(app).replace("\\", "")
    for value, end in (("A", "good"), ("B", "bad"), ("C", "neither")):
        next(r for r in app.radio if r.key.endswith(f"_end_{value}")).set_value(end).run()
    keep(app)
    outcome = kept(app).portfolio.outcome
    assert (outcome.bad, outcome.good, outcome.indeterminate) == (("B",), ("A",), ("C",))


def test_what_words_say_of_an_outcome_is_taken_as_it_is_shown(bring):
    ended = np.resize(["Fully Paid", "Charged Off", "Current", "Fully Paid"], N)
    app = bring("words.csv", csv(rows().assign(bad=ended).rename(columns={"bad": "loan_status"})))
    shown_ends = {r.label.split(":")[0].strip("\\"): r.value for r in app.radio if r.key.startswith("end_")}
    assert shown_ends == {"Fully Paid": "good", "Charged Off": "bad", "Current": "neither"}
    keep(app)
    assert kept(app).portfolio.outcome.indeterminate == ("Current",)


def test_a_sheet_is_chosen_by_its_name(bring, tmp_path):
    path = tmp_path / "two.xlsx"
    with pd.ExcelWriter(path) as book:
        rows().to_excel(book, sheet_name="2024", index=False)
        rows().head(90).to_excel(book, sheet_name="2025", index=False)
    app = bring("two.xlsx", path.read_bytes())
    assert frame.code("SHEET") in app.error[0].value
    app.radio(key="option_sheet").set_value("2025").run()
    app.button(key="read_so").click().run()
    assert not app.error and not app.exception
    assert "give at least one column the role characteristic" in text(app)  # 90 incomes look like a key
    assert "90 rows in = 90 kept + 0 refused" in text(app)


def test_the_likely_code_page_is_offered_first_with_the_lines_that_show_it(bring):
    towns = np.where(np.arange(N) < 500, "Bern", "Łódź")
    app = bring("towns.csv", csv(rows(town=towns), sep=";", encoding="cp1250"))
    assert app.selectbox(key="option_encoding").value == "cp1250"
    assert "Around line 502" in text(app) and any("Łódź" in code.value for code in app.code)
    app.button(key="read_so").click().run()
    assert not app.error and not app.exception


def test_a_new_version_of_the_portfolio_is_shown_before_findings_save_it(bring):
    app = keep(bring("towns.csv", csv(rows(town=np.resize(["Bern", "Basel", "Chur"], N)))))
    assert "apply_fixes" not in {button.key for button in app.button}
    # as the button of a finding gathers it
    app.session_state["_pending_fixes"] = {app.session_state["_data"]: {("leave_out", "income"): ""}}
    app.run()
    assert "Version 2 of Towns changes" in text(app) and "income" in text(app)
    assert kept(app).portfolio.version == 1
    app.button(key="apply_fixes").click().run()
    assert not app.exception and not app.error, app.error
    assert kept(app).portfolio.version == 2
    assert "income" not in {c.name for c in kept(app).portfolio.characteristics}


def test_refused_rows_are_taken_away_with_key_and_record_number(trained):
    app, desk = trained
    frame_of = made.frame(900, seed=11)
    income = frame_of["income"].astype(str).replace("nan", "")
    income[[3, 70]] = "inf"
    app.run()
    app.switch_page("pages/1_Data.py").run()
    app.file_uploader[0].upload("infinite.csv", csv(frame_of.assign(income=income)), "text/csv").run()
    keep(app)
    key = desk.portfolio("made@1").row_key
    wide = data_findings.keyed(kept(app).refused, key, pd.Series(frame_of[key].to_numpy(), range(1, 901)))
    assert wide["record"].tolist() == [4, 71]
    assert wide[key].tolist() == frame_of[key].iloc[[3, 70]].tolist()
    assert (wide["reason"] != "").all()


def test_a_file_of_one_row_is_refused(bring):
    app = bring("one.csv", csv(rows().head(1)))
    next(s for s in app.selectbox if s.key.startswith("outcome_column")).set_value("bad").run()
    assert not app.exception
    assert "bad has 1 value; an outcome has two or a few" in text(app)
    assert "save_roles" not in {button.key for button in app.button}


def test_constant_and_empty_columns_are_named_before_training(bring):
    app = bring("dull.csv", csv(rows(always="x", never="")))
    role(app, ["always", "never"], "characteristic")
    keep(app)
    assert "always" in text(app) and "never" in text(app)
    assert "must be mended before training" in text(app)


def test_a_renamed_column_is_named_with_the_one_it_may_be(trained, tmp_path):
    app, _ = trained
    renamed = made.frame(900, seed=11).rename(columns={"income": "Income_"})
    app.run()
    app.switch_page("pages/1_Data.py").run()
    app.file_uploader[0].upload("renamed.csv", csv(renamed), "text/csv").run()
    assert not app.exception
    assert "Nearly a file of" in text(app) and frame.code("SCHEMA_MISMATCH") in text(app)
    assert words.text("income (is it Income_?)") in text(app)


def test_what_no_applicant_had_is_flagged_beside_its_field(trained):
    app, _ = trained
    shown(app)
    home = app.selectbox(key="in_made-1_home")
    home.options.append("castle")  # typed in, not picked
    home.set_value("castle")
    app.number_input(key="in_made-1_bureau").set_value(None).run()
    assert not app.exception and not app.error
    said = text(app)
    assert "2 values to look at" in said
    assert "no development applicant had this attribute" in said
    assert "no development applicant lacked it" in said


def test_a_model_with_one_flipped_bit_is_not_used(trained, tmp_path):
    app, _ = trained
    path = next((tmp_path / "home" / "models").rglob("logistic.json"))
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    shown(app)
    assert len(app.error) == 1 and frame.code("ARTIFACT_DIGEST") in app.error[0].value


@pytest.mark.parametrize(
    ("example", "said"),
    [("record 1,981, : ", "record 1,981"), ("record 5, age: ", "record 5, age"), ("record 5, age: x", None)],
)
def test_an_example_of_a_whole_row_ends_with_its_number(example, said):
    class Found:
        pass

    found = Found()
    found.example = example
    assert data_findings.example_of(found) == (said or example)
