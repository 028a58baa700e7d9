"""What a teacher works with: nothing typed is lost, everybody is found, and each gets a page of their own."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from teaching.grading import __main__ as command
from teaching.grading import classroom, due, exports, files, ledger, manual, pages, run, source, submission, tables
from teaching.grading.grade import nothing
from teaching.grading.roster import Person, Roster
from teaching.grading.rows import Row, Score
from teaching.grading.session import Settings
from tests import synthetic_class

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENTS = source.every()
STEMS = [one.name for one in ASSIGNMENTS]
A = ASSIGNMENTS[0]
SOURCE = 'id,name,e-mail\ns1,Ada Lovelace,ada@x.org\ns2,"Hopper, Grace",grace@x.org\ns3,José Núñez,jn@x.org\n'
unix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs Linux or macOS")


@pytest.fixture
def roster(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text(SOURCE, encoding="utf-8")
    return Roster.read(path, STEMS)


def records(path):
    """A table as a spreadsheet reads it; every file has the mark by which Excel knows UTF-8."""
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(data.decode("utf-8-sig").splitlines()))


def row(student="s1", points=1.0, entries=("ada",), **more):
    """A row of assignment A: one question, one answer in words."""
    scores = [Score("a-step-test", "A.1", 2.0, points, message="=too small"), Score("a-carpet", "A.4", 1.0, 0.0, 1.0)]
    scores[1].written = "x" * 9000 + "<script>alert(1)</script>"
    return replace(Row(student, A.name, list(entries), f"{student}.ipynb", scores=scores), **more)


def seen(page):
    """What a page says: without its styles, marks and pictures."""
    return re.sub(r"<style>.*?</style>|<[^>]*>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def type_in(path, student, **cells):
    """What a teacher does in a spreadsheet."""
    table = tables.parse(path.read_bytes())
    place = next(n for n, line in enumerate(table.rows) if line[table.header.index("student")] == student)
    for name, cell in cells.items():
        table.rows[place][table.header.index(name.replace("__", " ").replace("_", "-"))] = cell
    tables.write(path, tables.written([table.header, *table.rows]), tables.BOM)


# --- the story, from an empty folder ---


def picture_in(folder):
    """What the grader tells of a picture that it has drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), "red").save(folder / "red.png")
    told = dict.fromkeys(("said", "network", "caption", "opinion", "recipe"), "red")
    return {**told, "file": "red.png", "rises": True, "rank": 1, "probability": 0.5}


def invented(work, place, jobs):
    """What the grader says of the story's notebooks, by what stands in their cells; it starts no process for that."""
    for one, assignment in work:
        graded = nothing(one, assignment)
        for score, question in zip(graded.scores, assignment.questions, strict=True):
            answer = one.answers.get(question.name.removesuffix("-test"), "").strip()
            if not question.test:
                score.written = one.words[question.name]
                score.waiting = score.of
            elif question.picture:
                score.points, score.waiting, score.picture = 1.0, score.of - 1, picture_in(place.pictures)
            elif answer not in ("", "1 / 0") and not (place.overlay and question.name == "a-step-test"):
                score.points = score.of
        yield one, graded


@unix
@pytest.mark.parametrize("grader", ["invented", pytest.param("real", marks=pytest.mark.slow)])
def test_the_story(tmp_path, monkeypatch, capsys, grader):
    if grader == "invented":
        monkeypatch.setattr(run, "grade_all", invented)
    monkeypatch.chdir(tmp_path)
    right = synthetic_class.quick(synthetic_class.reference())
    empty = nbformat.read(synthetic_class.STUDENT, as_version=4)

    def hand_in(place, **cells):
        filled = synthetic_class.fill(empty, synthetic_class.Kind("x", cells), right)
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(filled, place)

    def grade(folder, *more):
        capsys.readouterr()
        assert command.main([folder, "--assignment", "a", "--jobs", "1", *more]) == 0
        return capsys.readouterr().out

    Path("roster.csv").write_text(SOURCE + "s4,Alan Turing,alan@x.org\n", encoding="utf-8")
    hand_in("handed-in/lovelaceada_10234_5678_a_gradient_ascent.ipynb")
    hand_in("handed-in/Grace Hopper_48213_assignsubmission_file_/a_gradient_ascent.ipynb", **{"a-ideal": "1 / 0\n"})

    # grade the downloads of two systems
    said = grade("handed-in")
    assert "roster.csv: 4 people" in said and "Missing in a: José Núñez, Alan Turing" in said
    assert "2 submissions in" in said and "2 rows in all" in said
    first = {line["student"]: line for line in records(Path("grades/students.csv"))}
    assert [first[s]["a"] for s in ("s1", "s2", "s3")] == ["15", "14", ""]
    assert first["s1"]["to read"] == "5" and first["s3"]["missing"] == "a"

    # read, look, type; in a spreadsheet that writes semicolons and commas, with a column of one's own
    path = Path("grades/manual.csv")
    assert [line["student"] for line in records(path)] == ["s1", "s2", "s3", "s4"]
    type_in(path, "s1", a_carpet="0,5", a_two_pixels="2", a_picture="3", a__comment="Good; see me.")
    type_in(path, "s2", a__extra="-1")
    table = tables.parse(path.read_bytes())
    table.header += ["a-ideal-test", "my notes"]
    table.rows = [[*line, "1" if line[0] == "s2" else "", "sits in front"] for line in table.rows]
    typed = tables.written([table.header, *table.rows], ";").encode("cp1252").removesuffix(b"\n")
    path.write_bytes(typed)

    # a late student, whose name Canvas writes together
    hand_in("late/turingalan_LATE_10235_6001_a_gradient_ascent-1.ipynb")
    hand_in("late/Kurt Gödel_999_assignsubmission_file_/a_gradient_ascent.ipynb", **{"a-step": ""})
    said = grade("late")
    assert "2 submissions in" in said and "4 rows in all" in said
    assert path.read_bytes().startswith(typed), "what was typed is no longer there, byte for byte"
    assert path.read_bytes().decode("cp1252").splitlines()[-1].startswith("Kurt Gödel;Kurt Gödel;")
    assert "Kurt Gödel is not in the roster" in said

    # a mended check, here a test of the teacher's own, over the first folder
    Path("tests").mkdir()
    Path("tests/a_gradient_ascent.py").write_text(
        "from teaching.grading import hidden\n@hidden('a-step-test')\ndef no(student):\n    assert 0, 'mended'\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "s1, a_gradient_ascent: 15 points before, now 13" in grade("handed-in", "--overlay", "~/tests")
    assert path.read_bytes().startswith(typed)

    # totals, exports, pages
    lines = {line["student"]: line for line in records(Path("grades/students.csv"))}
    assert lines["s1"]["a"] == "17.5" and lines["s1"]["to read"] == "0"  # 12 by the machine, 5.5 by hand
    assert lines["s2"]["a"] == "12" and lines["s4"]["late"] == "a: late, says Canvas"
    assert lines["s3"]["a"] == "" and lines["Kurt Gödel"]["a"] == "13"
    canvas = {line["Student"]: line for line in records(Path("grades/canvas.csv"))}
    title = "Assignment A: Gradient ascent and its theory"
    assert canvas["Points Possible"][title] == "20"
    assert canvas["Ada Lovelace"] | {"Section": ""} == {
        "Student": "Ada Lovelace", "ID": "10234", "SIS User ID": "s1", "SIS Login ID": "ada@x.org", "Section": "",
        title: "17.5",
    }  # fmt: skip
    moodle = {line["Email address"]: line for line in records(Path("grades/moodle.csv"))}
    assert moodle["ada@x.org"][f"{title} (Real)"] == "17.5"
    assert moodle["ada@x.org"][f"{title} (Feedback)"] == "Good; see me."
    assert moodle["grace@x.org"]["Last name"] == "Hopper" and moodle["jn@x.org"][f"{title} (Real)"] == ""
    back = {page.stem: seen(page) for page in Path("grades/give_back").iterdir()}
    assert sorted(back) == ["Ada-Lovelace-s1", "Alan-Turing-s4", "Hopper-Grace-s2", "Kurt-Gödel"]
    back = {page.split("-")[-1]: text for page, text in back.items()}
    assert "Good; see me." in back["s1"] and "17.5 of 20" in back["s1"] and "def ascent_step" in back["s1"]
    for student, name in (("s1", "Lovelace"), ("s2", "Hopper"), ("s4", "Turing"), ("Gödel", "Gödel")):
        assert [one for one in ("Lovelace", "Hopper", "Turing", "Gödel") if one in back[student]] == [name]
    assert Path("grades/pictures.html").read_text(encoding="utf-8").count("<article") == 4
    sheet, words = seen(Path("grades/pictures.html")), seen(Path("grades/words.html"))
    assert "Lovelace" not in sheet and "s1" not in sheet
    assert "Lovelace" not in words and "Model answer" in words


# --- what a teacher types ---


def test_manual_points_replace_the_graders_and_the_rest_waits(tmp_path, roster):
    table = manual.Manual(tmp_path / "manual.csv", roster, ASSIGNMENTS)
    table.add(["s1", "s2"])
    type_in(table.path, "s1", a_carpet="0.5", a__extra="-2", a__comment="Hm.")
    read = manual.Manual(table.path, roster, ASSIGNMENTS)
    one = manual.standing(row(), read.of("s1"))
    assert (one.total, one.to_read, one.comment, one.by_hand) == (-0.5, 0.0, "Hm.", {"a-carpet"})
    other = manual.standing(row("s2"), read.of("s2"))
    assert (other.total, other.to_read) == (1.0, 1.0)
    assert read.problems == []


def test_a_file_that_was_typed_into_keeps_every_byte(tmp_path, roster):
    path = tmp_path / "manual.csv"
    for data in (
        'student;a-carpet;x\r\ns1;0,5;"two\nlines"'.encode("utf-16"),
        "\ufeffstudent,a-carpet\ns1,1\n".encode("utf-32-be"),
        "student,a-carpet\ns1,1\n".encode("utf-16-le"),
        b'x,student,a-carpet\n,ADA@x.org,"1"\n',
        b"\xef\xbb\xbfstudent\ta-carpet\ns1\t1\n\n",
    ):
        path.write_bytes(data)
        table = manual.Manual(path, roster, ASSIGNMENTS)
        table.add(["s1", "s2", "s3"])
        assert path.read_bytes().startswith(data)
        again = manual.Manual(path, roster, ASSIGNMENTS)
        assert set(again.by_student) == {"s1", "s2", "s3"} and again.of("s1").points["a-carpet"] > 0
        before = path.read_bytes()
        again.add(["s1", "s3"])
        assert path.read_bytes() == before
    path.write_bytes("student;name\né;x\n".encode("cp1252"))
    with pytest.raises(LookupError, match="save it as CSV UTF-8"):
        manual.Manual(path, Roster(), ASSIGNMENTS).add(["王"])


def test_somebody_saves_while_rows_are_added(tmp_path, roster):
    path = tmp_path / "manual.csv"
    slow = manual.Manual(path, roster, ASSIGNMENTS)
    slow.add(["s1"])
    type_in(path, "s1", a_carpet="1")
    slow.add(["s1", "s2"])
    read = manual.Manual(path, roster, ASSIGNMENTS)
    assert read.of("s1").points == {"a-carpet": 1.0} and "s2" in read.by_student


def test_what_cannot_count_is_said(tmp_path, roster):
    path = tmp_path / "manual.csv"
    lines = ["student,a-carpet,a-setp-test,a-picture,notes", "s1,one,2,9,x", "s1,,,8,", "zoe,1,,,", ",,,,"]
    path.write_text("\n".join(lines))
    table = manual.Manual(path, roster, ASSIGNMENTS)
    said = " | ".join([*table.problems, *table.unclaimed(["s1", "s2"])])
    for part in (
        "'a-setp-test'; did you mean 'a-step-test'",
        "'one' is no number",
        "9 of 3 points",
        "9 and 8",
        "'zoe'",
    ):
        assert part in said
    path.write_text("name\nx\n")
    with pytest.raises(LookupError, match="no column called student"):
        manual.Manual(path, roster, ASSIGNMENTS)


def test_what_was_typed_before_there_was_a_roster_still_counts(tmp_path, roster):
    path = tmp_path / "manual.csv"
    manual.Manual(path, Roster(stems=STEMS), ASSIGNMENTS).add(["lovelaceada"])
    type_in(path, "lovelaceada", a_carpet="1")
    code = manual.Manual(path, Roster(), ASSIGNMENTS).of("lovelaceada").code
    assert manual.Manual(path, roster, ASSIGNMENTS).of("s1") == manual.Typed({"a-carpet": 1.0}, {}, code)


def test_codes_differ_and_stay(tmp_path):
    codes = []
    for number in range(3000):
        codes.append(manual.code(f"student {number}", codes))
    assert len(set(codes)) == 3000
    assert manual.code("student 7") == codes[7]


def test_zeros_that_a_spreadsheet_takes_away_take_no_points_along(tmp_path):
    people = [Person("00712", "Grace Hopper"), Person("00713", "Ada Lovelace")]
    students, path = [one.id for one in people], tmp_path / "manual.csv"
    manual.Manual(path, Roster(people, STEMS), ASSIGNMENTS).add(students)
    type_in(path, "00713", a__extra="5", a__comment="good")
    path.write_bytes(before := path.read_bytes().replace(b"\n00", b"\n"))
    read = manual.Manual(path, Roster(people, STEMS), ASSIGNMENTS)
    read.add(students)
    assert read.of("00713").points == {"a extra": 5.0} and read.of("00713").comments == {"a": "good"}
    assert path.read_bytes() == before and not read.unclaimed(students)


def test_what_was_typed_where_nothing_is_there_is_said(tmp_path, roster):
    path = tmp_path / "manual.csv"
    path.write_text(
        "student,code,a-carpet,a extra,b comment,my comment\ns1,AB23,1,,see me,x\ns2,AB24,,14,,\ns3,AB25,,,,x\n"
    )
    typed = manual.Manual(path, roster, ASSIGNMENTS)
    said = typed.unused(["s1", "s2", "s3", "s4"], [row("s1")])
    assert [line.partition(" counts")[0] for line in said] == [
        "manual.csv: what was typed for s1 in b",
        "manual.csv: what was typed for s2 in a",
    ]
    course = pages.Course(ASSIGNMENTS, tmp_path)
    lines = classroom.write([row("s1")], course, roster, {}, tmp_path, [])
    assert not {*said} - {*lines}


def test_a_column_in_capitals_and_a_number_that_is_none_are_said(tmp_path, roster):
    path = tmp_path / "manual.csv"
    path.write_text("student,A extra,a_carpet,a-picture,notes\ns1,2,1,nan,x\ns2,,,inf,\n")
    typed = manual.Manual(path, roster, ASSIGNMENTS)
    said = " | ".join(typed.problems)
    for part in (
        "'A extra'; did you mean 'a extra'",
        "'a_carpet'; did you mean 'a-carpet'",
        "'nan' is no",
        "'inf' is no",
    ):
        assert part in said
    assert typed.of("s1").points == typed.of("s2").points == {}


def test_a_row_without_a_code_gets_one_that_is_said(tmp_path, roster):
    path = tmp_path / "manual.csv"
    path.write_text("student,code\ns1,AB23\ns2,\n")
    typed = manual.Manual(path, roster, ASSIGNMENTS)
    assert typed.of("s1").code == "AB23" and typed.of("s2").code == manual.code("s2")
    assert f"s2 {manual.code('s2')}" in " ".join(typed.problems) and "s1 " not in " ".join(typed.problems)


def test_a_table_that_is_none_says_so(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text('id,name\ns1,"' + "x" * 200_000)
    with pytest.raises(LookupError, match="begins with 'id,name' and cannot be read"):
        Roster.read(path)


def test_what_is_cut_short_is_read_as_far_as_it_goes(tmp_path):
    assert tables.parse("id,name\ns1,Ada".encode("utf-16")[:-1]).rows[0][0] == "s1"
    (tmp_path / "red.png").write_bytes(b"\x89PNG")
    assert pages.image({"file": "red.png"}, tmp_path, 8, "red") == ""


def test_extra_points_for_what_could_not_be_graded_are_exported(tmp_path, roster):
    course, typed = pages.Course(ASSIGNMENTS, tmp_path), manual.Typed({"a extra": 12.0}, {"a": "on paper"}, "AB23")
    ungraded = [Score("a-step-test", "A.1", 2.0)]
    one, other = (row(who, not_graded="a PDF", scores=ungraded) for who in ("s1", "s2"))
    found = exports.gather([manual.standing(one, typed), manual.standing(other, manual.Typed())], roster)
    for export in (exports.canvas, exports.moodle):
        lines = list(csv.reader(export(found, course, roster).splitlines()))
        assert [line[0].split()[0] for line in lines if "12" in line] == ["Ada"]


# --- rows that stay ---


def test_rows_stay_and_changes_are_told(tmp_path, roster):
    first = ledger.Ledger(tmp_path / "rows", roster)
    first.keep([row("s1", 2.0), row("s2", 1.0, ["grace"]), row("s3", entries=["jn"], assignment=STEMS[1])])
    second = ledger.Ledger(tmp_path / "rows", roster)
    second.keep([row("s1", 1.0), row("s2", entries=["x"], not_graded="no notebook")])
    assert second.said == [
        "s1, a_gradient_ascent: 2 points before, now 1.",
        "s2, a_gradient_ascent: no notebook; what was graded before stands.",
    ]
    third = ledger.Ledger(tmp_path / "rows", roster)
    assert [(one.student, one.points) for one in third.rows] == [("s1", 1.0), ("s2", 1.0), ("s3", 1.0)]
    assert len(list((tmp_path / "rows").iterdir())) == 3
    next(iter((tmp_path / "rows").iterdir())).write_text("{")  # a file that was cut off costs its own row alone
    assert len(ledger.Ledger(tmp_path / "rows", roster).rows) == 2


def test_rows_meet_under_a_later_roster_and_namesakes_do_not(tmp_path, roster):
    alone = Roster(stems=STEMS)
    book = ledger.Ledger(tmp_path, alone)
    book.keep([row("lovelaceada", 1.0, ["lovelaceada_10234_1_a.ipynb"])])
    book.keep([row("Jo Li", 1.0, ["Jo Li_11_assignsubmission_file_"])])
    book.keep([row("Jo Li", 2.0, ["Jo Li_12_assignsubmission_file_"])])
    assert [one.student for one in book.rows] == ["Jo Li", "Jo Li 12", "lovelaceada"]
    later = ledger.Ledger(tmp_path, roster)
    later.keep([row("s1", 2.0, ["Ada Lovelace_5_assignsubmission_file_"])])
    assert [(one.student, one.points) for one in later.rows if one.student == "s1"] == [("s1", 2.0)]


def test_namesakes_stay_two_when_a_later_folder_has_neither(tmp_path):
    alone, names = Roster(stems=STEMS), ["Jo Li_11_assignsubmission_file_", "Jo Li_12_assignsubmission_file_"]
    alone.see(names)
    ledger.Ledger(tmp_path, alone).keep([row(alone.who(name), n + 1.0, [name]) for n, name in enumerate(names)])
    late = Roster(stems=STEMS)
    late.see(["bob.ipynb"])
    assert [(one.student, one.points) for one in ledger.Ledger(tmp_path, late).rows] == [
        ("Jo Li 11", 1.0),
        ("Jo Li 12", 2.0),
    ]
    late.see(names[1:])
    again = ledger.Ledger(tmp_path, late)
    again.keep([row(late.who(names[1]), 3.0, names[1:])])
    assert [(one.student, one.points) for one in again.rows] == [("Jo Li 11", 1.0), ("Jo Li 12", 3.0)]


def test_canvas_s_namesakes_in_two_folders_are_two(tmp_path):
    book = ledger.Ledger(tmp_path, Roster(stems=STEMS))
    for number in (101, 102):
        book.keep([row("smithj", 1.0, [f"smithj_{number}_12_x.ipynb"])])
    assert [one.student for one in book.rows] == ["smithj", "smithj 102"]
    assert book.said == ["Two people are called smithj: Canvas's number 102 tells the second apart."]


# --- who is who ---


@pytest.mark.parametrize(
    ("entry", "student", "alone"),
    [
        ("lovelaceada_10234_5678_a_gradient_ascent.ipynb", "s1", "lovelaceada"),
        ("lovelaceada_LATE_10234_5678_a_gradient_ascent-1.ipynb", "s1", "lovelaceada"),
        ("Ada Lovelace_48213_assignsubmission_file_", "s1", "Ada Lovelace"),
        ("Grace Hopper_48213_assignsubmission_file_a_gradient_ascent.ipynb", "s2", "Grace Hopper"),
        ("nunezjose_321_654_x.ipynb", "s3", "nunezjose"),
        ("José Núñez_7_assignsubmission_file", "s3", "José Núñez"),
        ("s2_a_gradient_ascent.ipynb", "s2", "s2"),
        ("ada", "s1", "ada"),
        ("ada.ipynb", "s1", "ada"),
        ("a_gradient_ascent_Ada_Lovelace (1).ipynb", "s1", "Ada_Lovelace"),
        ("grace@x.org.zip", "s2", "grace@x.org"),
        ("nobody.pdf", "nobody", "nobody"),
        ("a_gradient_ascent.ipynb", "a_gradient_ascent", "a_gradient_ascent"),
        ("ada_a_gradient_ascent_final.ipynb", "s1", "ada_final"),
        ("ada_final.ipynb", "s1", "ada_final"),
        ("s2_a_gradient_ascent_v2.ipynb", "s2", "s2_v2"),
        ("ada-checkpoint.ipynb", "s1", "ada"),
        ("lovelaceada_10234_text.html", "s1", "lovelaceada"),
        ("lovelaceada_LATE_10234_link.html", "s1", "lovelaceada"),
        ("🐶", "🐶", "🐶"),
    ],
)
def test_names_out_of_folders_and_files(roster, entry, student, alone):
    assert roster.who(entry) == student
    assert Roster(stems=STEMS).who(entry) == alone


@pytest.mark.parametrize("entry", ["ada (1) (2).ipynb", "ada.ipynb (1).zip", "ada (1)_a_gradient_ascent.ipynb"])
def test_what_somebody_is_called_is_read_as_themselves(entry):
    """Keys stand in ``manual.csv``, and are looked up again."""
    alone = Roster(stems=STEMS)
    assert alone.who(entry) == alone.who(alone.who(entry)) == "ada"
    for address in ("ada@usm.md", "ada@uni.py"):
        assert Roster([Person("", "Ada Lovelace", address)]).who(address) == address


def test_a_number_that_is_somebody_s_id_or_score_makes_nobody_of_it(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("id,name,e-mail\n11,Grace Hopper,g@x.org\n12,Ada Lovelace,a@x.org\n13,Alan Turing,t@x.org\n")
    by_id = Roster.read(path, STEMS)
    assert by_id.who("Ada Lovelace_13_assignsubmission_file_") == "12"
    assert by_id.who("smithbob_13_55_a.ipynb") == "smithbob"
    path.write_text("ID number,First name,Last name,Quiz\n7001,Jo,Li,100\n7002,Jo,Li,90\n7003,Ada,Lovelace,100\n")
    scores = Roster.read(path, STEMS)
    assert scores.who("Ada Lovelace_100_assignsubmission_file_") == "7003"
    assert scores.who("Jo Li_100_assignsubmission_file_") == "Jo Li"
    path.write_text("Identifier,ID number,Full name\nParticipant 100,7001,Jo Li\nParticipant 90,7002,Jo Li\n")
    worksheet = Roster.read(path, STEMS)
    assert worksheet.who("Jo Li_90_assignsubmission_file_") == "7002"
    assert worksheet.who("Participant_100_assignsubmission_file_") == "7001"
    path.write_text('Student,ID,SIS User ID,SIS Login ID,Section\n"Li, Jo",501,u1,jo,1\n"Li, Jo",502,u2,joli,1\n')
    assert Roster.read(path, STEMS).who("lijo_502_7777_a.ipynb") == "u2"


def test_nobody_without_letters_is_somebody_without_an_address():
    assert Roster([Person("s1", "Ada L", "a@x"), Person("s2", "", "")]).who("🐶") == "🐶"


def test_a_file_s_name_takes_no_time_to_read():
    name, started = "ada" + " copy 1" * 36 + "x", time.process_time()
    assert Roster([Person("s1", "Ada L")]).who(name) == name
    assert time.process_time() - started < 1


@pytest.mark.parametrize("ending", [*files.ENDINGS, ".DOCX", ".ipynb.txt"])
def test_no_kind_of_file_is_part_of_a_name(ending):
    assert Roster(stems=STEMS).who(f"jean.luc{ending}") == "jean.luc"


def test_an_archive_s_folders_are_names_and_nothing_else(tmp_path):
    names = ("../../a.ipynb", "/etc/b.ipynb", "./c.ipynb", "d//e.ipynb")
    hidden = ("../.ipynb_checkpoints/a.ipynb", "__MACOSX/._a.ipynb", ".git/x.json", "Thumbs.db")
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as archive:
        for name in (*names, *hidden):
            archive.writestr(name, "{}")
    found = [handed.name for handed in files.handed_in(tmp_path / "ada.zip")]
    assert found == [f"ada.zip: {name}" for name in names]


def test_two_people_of_one_name_are_two():
    alone = Roster()
    alone.see(["Jo Li_11_assignsubmission_file_", "Jo Li_12_assignsubmission_file_", "smithj_101_12_x.ipynb"])
    assert alone.who("Jo Li_11_assignsubmission_file_") == "Jo Li 11"
    assert alone.who("smithj_101_13_y.ipynb") == "smithj"
    namesakes = Roster([Person("s1", "Jo Li"), Person("s2", "Jo Li", cells={"moodle": "12"})])
    assert namesakes.who("Jo Li_12_assignsubmission_file_") == "s2"
    assert namesakes.who("Jo Li_11_assignsubmission_file_") == "Jo Li"


def test_lists_of_other_makes(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Assignment A: Gradient ascent and its theory (77)\n"
        '    Points Possible,,,,,20\n"Lovelace, Ada",10234,u1,ada,01,\n"Student, Test",99,,,01,\n'
    )
    roster = Roster.read(path, STEMS)
    assert [(one.key, one.name) for one in roster.people] == [("u1", "Lovelace, Ada")]
    course = pages.Course(ASSIGNMENTS, tmp_path)
    found = exports.gather([manual.standing(row("u1"), manual.Typed())], roster)
    text = exports.canvas(found, course, roster)
    assert text.splitlines()[0].endswith("Section,Assignment A: Gradient ascent and its theory (77)")
    assert text.splitlines()[2] == '"Lovelace, Ada",10234,u1,ada,01,1'
    path.write_text("First name;Last name;ID number;Email address\nAda;Lovelace;7;ada@x.org\n")
    assert Roster.read(path).people[0] == Person("7", "Ada Lovelace", "ada@x.org")
    path.write_text("id,name\n7,A\n7,B\n")
    with pytest.raises(LookupError, match="2 times"):
        Roster.read(path)
    path.write_text("what,ever\n1,2\n")
    with pytest.raises(LookupError, match="expected the columns"):
        Roster.read(path)


# --- dates ---


def test_dates_mark_and_do_not_judge():
    dates = due.read(["2026-12-01", "a=2026-12-02T18:00", "ada=2026-12-09"])
    moment = datetime(2026, 12, 2, 20, 30).timestamp()
    assert due.late(dates, row(entries=["bob"], modified=moment)) == "2 h 30 min late"
    assert due.late(dates, row(entries=["ada"], modified=moment)) == ""
    assert due.late(dates, row(entries=["bob"], modified=moment, assignment="b_x")) == "20 h 30 min late"
    assert due.late(due.read(["2026-12-02"]), row(modified=moment)) == ""  # a day is late when it is over
    assert due.late({}, row(modified=moment)) == ""
    assert due.unused(due.read(["zoe=2026-12-01", "a=2026-12-01"]), [row()]) == ["zoe"]
    with pytest.raises(LookupError, match="expected a date"):
        due.read(["tomorrow"])


def test_a_date_is_for_a_whole_name():
    dates = due.read(["jean=2026-12-09", "2026-12-01"])
    luc = row("s9", entries=["jean.luc.ipynb"])
    assert due.applies(dates, luc) == dates[""] and due.unused(dates, [luc]) == ["jean"]
    assert due.applies(due.read(["jean.luc=2026-12-09"]), luc) is not None


def test_a_date_alone_is_that_of_the_assignment_that_is_graded():
    dates = due.read(["2026-12-01", "b=2026-12-08"], "a")
    other = replace(row(), assignment=ASSIGNMENTS[2].name)
    assert due.applies(dates, row()) == due.read(["2026-12-01"])[""] and due.applies(dates, other) is None


# --- whatever is handed in, the class is graded ---


def hand_in(folder, name, data):
    """A file of a student, beside that of somebody who is as ever."""
    folder.mkdir(exist_ok=True)
    (folder / "bob.ipynb").write_bytes(A.path.read_bytes())
    (folder / name).write_bytes(data)


def graded(folder, monkeypatch, capsys):
    """What the command says of a folder, and its rows; no notebook is run."""
    monkeypatch.chdir(folder.parent)
    monkeypatch.setattr(run, "grade_all", invented)
    assert command.main([str(folder), "--assignment", "a", "--jobs", "1", "--out", "out"]) == 0
    rows = ledger.Ledger(folder.parent / "out" / ".results" / "rows", Roster(stems=STEMS)).rows
    return capsys.readouterr().out, {one.student: one for one in rows}


def zipped(kind, damage=b""):
    """An archive with a notebook in it, some of whose bytes are damaged."""
    with io.BytesIO() as out:
        with zipfile.ZipFile(out, "w", kind) as archive:
            archive.writestr("a.ipynb", A.path.read_bytes())
        data = out.getvalue()
    return data[:2000] + damage + data[2000 + len(damage) :]


@unix
@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("ada.zip", zipped(zipfile.ZIP_DEFLATED, b"\xff" * 200), "damaged in its archive"),
        ("ada.zip", zipped(zipfile.ZIP_LZMA, b"\xff" * 200), "damaged in its archive"),
        ("ada.zip", zipped(zipfile.ZIP_BZIP2, b"\xff" * 200), "damaged in its archive"),
        ("ada.ipynb", b'{"cells": [], "n": ' + b"1" * 5000 + b"}", "cannot be read"),
        ("ada.ipynb", b'{"cells": ' + b"[" * 10**5, "cannot be read"),
        ("ada.ipynb", b'{"cells": []}', "nothing of a_gradient_ascent is in it"),
        ("ada.ipynb", ASSIGNMENTS[1].path.read_bytes(), f"this is {ASSIGNMENTS[1].title}"),
    ],
)
def test_one_file_that_is_wrong_costs_its_own_row_alone(tmp_path, monkeypatch, capsys, name, data, why):
    hand_in(tmp_path / "in", name, data)
    said, rows = graded(tmp_path / "in", monkeypatch, capsys)
    assert why in said and why in rows["ada"].not_graded and rows["ada"].assignment == A.name
    assert not rows["bob"].not_graded


@unix
def test_half_an_emoji_and_a_name_in_latin_1_are_written(tmp_path, monkeypatch, capsys):
    notebook = nbformat.read(A.path, as_version=4)
    next(cell for cell in notebook.cells if source.identity(cell) == "a-carpet").source = "A cat \ud83d"
    hand_in(tmp_path / "in", os.fsdecode(b"M\xfcller.ipynb"), json.dumps(notebook).encode())
    rows = graded(tmp_path / "in", monkeypatch, capsys)[1]
    assert rows["Müller"].answers["a-carpet"] == "A cat \\ud83d" and rows["Müller"].file == "Müller.ipynb"
    tables.write(tmp_path / "said.html", "A message \ud83d of a student's process")
    assert (tmp_path / "said.html").read_text(encoding="utf-8") == "A message ? of a student's process"


@unix
def test_an_autosave_is_a_file_like_any_other(tmp_path, monkeypatch, capsys):
    name = "lovelaceada_10234_5678_a_gradient_ascent-checkpoint.ipynb"
    hand_in(tmp_path / "in", name, A.path.read_bytes())
    assert graded(tmp_path / "in", monkeypatch, capsys)[1]["lovelaceada"].not_graded == ""
    folder = tmp_path / "more" / "ada"
    folder.mkdir(parents=True)
    for one in ("a_gradient_ascent-checkpoint.ipynb", "a_gradient_ascent.ipynb"):
        (folder / one).write_bytes(A.path.read_bytes())
        os.utime(folder / one, (10**9, 10**9))
    (found,) = submission.collect(folder.parent, [A])
    assert found.file == "ada/a_gradient_ascent.ipynb"


def test_a_long_number_in_an_archive_s_name_is_no_error(tmp_path):
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as archive:
        for name in (f"a_{'9' * 5000}.ipynb", f"a ({'9' * 5000}).ipynb", "a_2.ipynb"):
            archive.writestr(name, A.path.read_bytes())
    (found,) = submission.collect(tmp_path, [A])
    assert not found.not_graded and len(found.others) == 2


def test_a_folder_that_cannot_be_opened_says_so(tmp_path, monkeypatch):
    (tmp_path / "ada" / "work").mkdir(parents=True)
    scan = os.scandir

    def closed(place):
        if Path(place).name == "work":
            raise PermissionError(errno.EACCES, "Permission denied", str(place))
        return scan(place)

    monkeypatch.setattr(os, "scandir", closed)
    (found,) = submission.collect(tmp_path, [A])
    assert found.not_graded == "ada/work: cannot be opened (Permission denied)"


def test_windows_line_ends_hide_no_answer_below_a_question():
    question = next(slot for slot in A.slots if slot.kind == "text" and "A.4" in slot.released)
    text = f"{question.released.strip()}\n\nIt is a carpet.".replace("\n", "\r\n")
    cell = {"cell_type": "markdown", "id": question.id, "source": text, "metadata": {}}
    read = files.cells_of(files.Handed("x.ipynb", 0, json.dumps({"cells": [cell]}).encode()))
    assert submission.words_of(submission.placed(read, A), A)["a-carpet"] == "It is a carpet."


def test_a_line_that_defines_begins_where_it_begins():
    names = {"recipe": "", "f": ""}
    for text in ("recipe = 1", "f, recipe = 1, 2", "(f , recipe) = 1, 2", "recipe: dict[str, int] = {}", "recipe, = x"):
        assert "recipe" in submission.defines(text, names), text
    for text in ("    recipe=recipe,", "def g():\n    recipe = 3", "recipe == 3", "f = lambda recipe: 1"):
        assert "recipe" not in submission.defines(text, names), text


@pytest.mark.parametrize("text", [" " * 99_999 + "x", "a " * 99_999, "a, " * 66_666, "a:" + "b" * 99_999, "(" * 99_999])
def test_what_defines_is_seen_at_once(text):
    started = time.process_time()
    assert submission.defines(text, {"recipe": ""}) == set()
    assert time.process_time() - started < 2


def test_a_program_is_read_at_once():
    started = time.process_time()
    for text in ('"""x\n' * 100_000, "# %%\n" + "# a\n\n" * 60_000):
        files.cells_of(files.Handed("x.py", 0, text.encode()))
    assert time.process_time() - started < 10
    text = 'x = 1\n"""a\n\nb"""  \ny = """c\n"""\n\'\'\'d\'\'\'\nz'
    cells = files.cells_of(files.Handed("x.py", 0, text.encode()))
    assert [one.text for one in cells] == ["x = 1\n", "a\n\nb", '\ny = """c\n', "\n'''d", "\nz"]


def test_pages_take_no_minutes_for_what_is_white_or_refers():
    started = time.process_time()
    pages.code("\t \n" * 60_000)
    assert "[a]: b" in pages.render("[a]: b\n" * 3000)
    assert time.process_time() - started < 10


def test_a_recipe_of_one_s_own_is_no_friend_s():
    told = {"recipe": "r", "file": "x.png"}
    rows = [Row(who, name, scores=[Score("q", "", 3.0, picture=told)]) for who, name in (("ada", "a"), ("ada", "c"))]
    run.name_equal_recipes(rows)
    assert [one.notes for one in rows] == [[], []]
    rows.append(replace(rows[0], student="bob", notes=[]))
    run.name_equal_recipes(rows)
    assert rows[2].notes == ["the same recipe as ada"] and rows[0].notes == ["the same recipe as bob"]


# --- pages and tables ---


def test_what_students_write_is_text_in_every_page(tmp_path, roster):
    course = pages.Course(ASSIGNMENTS, tmp_path)
    hostile = "<script>alert(1)</script>"
    one = manual.standing(row(answers={"a-step": hostile}, notes=[hostile], file=hostile), manual.Typed(code="AB23"))
    one.comment = hostile
    drawn = {
        "file": "gone.png",
        "caption": hostile,
        "opinion": hostile,
        "rank": 1,
        "probability": 0.5,
        "recipe": hostile,
    }
    one.row.scores.append(Score("a-picture", hostile, 3.0, 1.0, 2.0, hostile, picture=drawn))
    one = replace(manual.standing(one.row, manual.Typed(code="AB23")), comment=hostile)
    made = [
        pages.given_back(Person("s1", hostile), [one], course),
        pages.contact_sheet([one], course),
        pages.written_answers([one], course),
        pages.grades([one], course, roster, [hostile]),
    ]
    for page in made:
        assert "<script" not in page and 'src="http' not in page and "<link" not in page
    assert "x" * 9000 in made[2] and course.questions[A.name]["a-carpet"].model[:40] in made[2]
    assert pages.render("![x](http://a.b/c) [y](javascript:1)").count("<img") == 0


def test_a_spreadsheet_takes_nothing_for_a_formula(roster, tmp_path):
    course = pages.Course(ASSIGNMENTS, tmp_path)
    one = manual.standing(row("=cmd()", notes=["-1+1"]), manual.Typed(comments={"a": "@x"}))
    for text in (
        exports.submissions([one], course, roster),
        exports.moodle(exports.gather([one], roster), course, roster),
    ):
        cells = [cell for line in csv.reader(text.splitlines()) for cell in line]
        assert not [cell for cell in cells if cell[:1] in "=@+" and cell]


# --- the command ---


def test_errors_for_people(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command.main([str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == f"grading: no folder {tmp_path / 'none'}\n"
    for more, part in (
        (["--assignment", "z"], "no assignment begins with 'z'"),
        (["--roster", "nobody.csv"], "no roster nobody.csv"),
        (["--due", "soon"], "expected a date"),
    ):
        assert command.main([str(tmp_path), *more]) == 1
        assert part in capsys.readouterr().err


@unix
@pytest.mark.parametrize("out", ["a-file", "a-file/below"])
def test_what_cannot_be_written_is_an_error_for_people(tmp_path, capsys, monkeypatch, out):
    hand_in(tmp_path / "in", "ada.ipynb", A.path.read_bytes())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").write_text("x")
    assert command.main(["in", "--assignment", "a", "--out", out]) == 1
    assert capsys.readouterr().err.startswith(f"grading: {out}: ")


@unix
def test_a_table_that_is_open_elsewhere_is_an_error_for_people(tmp_path, capsys, monkeypatch):
    hand_in(tmp_path / "in", "ada.ipynb", A.path.read_bytes())

    def locked(path, text, encoding):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(classroom, "run", lambda chosen: locked(chosen.out / "grades.csv", "", ""))
    assert command.main(["in", "--assignment", "a"]) == 1
    assert "grades.csv: Permission denied" in capsys.readouterr().err


def test_help_needs_nothing_and_a_run_says_what_it_needs():
    bare = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv[0] = 'x'; "
            "import runpy; runpy.run_module('teaching.grading', run_name='__main__')"]  # fmt: skip
    helped = subprocess.run([*bare, "--help"], capture_output=True, text=True)
    assert helped.returncode == 0 and "--roster" in helped.stdout, helped.stderr
    ran = subprocess.run([*bare, "somewhere"], capture_output=True, text=True)
    assert ran.returncode == 1 and "make grade" in ran.stderr and "Traceback" not in ran.stderr


def test_paths_begin_at_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    chosen = command.parse(["~/class", "--overlay", "~/tests", "--out", "~/out"])
    assert (chosen.submissions, chosen.overlay, chosen.out) == (
        tmp_path / "class",
        tmp_path / "tests",
        tmp_path / "out",
    )


def test_times_are_told_in_words():
    assert [classroom.in_words(seconds) for seconds in (3.4, 226)] == ["3 s", "3 min 46 s"]


def test_more_time_for_a_notebook_is_more_for_all_of_it():
    usual, slow = (classroom.limits(command.parse(["x", *more])) for more in ([], ["--timeout", "600"]))
    assert usual == Settings() and slow.cell_limit == slow.timeout / 6 == 100
    assert slow.patience / usual.patience == slow.picture_limit / usual.picture_limit == 600 / 180
    assert classroom.limits(command.parse(["x", "--timeout", "60", "--cell-timeout", "9"])).cell_limit == 9


def test_who_ran_out_of_time_is_named():
    gone = Score("a-step", "A step", 1.0, message="its process is gone: answering: no end after 20 s")
    slow = replace(gone, message="still running after 10 s: is there a loop that never ends?")
    rows = [Row("ada", "a_gradient_ascent", scores=[gone, slow]), Row("bob", "a_gradient_ascent")]
    (said,) = classroom.out_of_time(rows)
    assert said.startswith("ada, a_gradient_ascent: time ran out, 2 questions") and "--timeout" in said
