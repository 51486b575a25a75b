"""A year in which each thing happens once, at the moment at which it matters: what drawn years reach only by chance."""

from __future__ import annotations

from records.copies.register import Carrier
from tests.records.year.expected import NOTES, SHARED, Family
from tests.records.year.machine import Year


class Once(Year):
    """The same machine, led by hand; everything is compared after each step."""

    def look(self) -> None:
        self.rows_are_what_was_done()
        self.nothing_is_kept_that_somebody_said_no_to()
        self.files_and_keys_are_those_of_the_rows()

    def a_family_with_a_film(self) -> Family:
        """Of whom all is made, and a link to it is out."""
        self.a_family_comes(agrees=True)
        family = self.families[-1]
        everyone = frozenset(one.id for one in family.people)
        self._send(family, [everyone, everyone], notes=True)
        self.workers_do_what_waits()
        for pack in self.packs():
            if pack[0] is family:
                self._hand_out(*pack, Carrier.LINK)
        self.look()
        assert {made.kind for film in family.films.values() for made in film.made.values()} == {
            "clip", "still", "review_pack", "picture_notes"
        }  # fmt: skip
        assert family.copies
        return family

    def a_no_takes_what_was_made_for_it(self) -> None:
        family = self.a_family_with_a_film()
        self._say(family, family.people[1], NOTES, agrees=False)
        self.look()

    def a_no_to_notes_leaves_those_in_which_one_is_not_seen(self) -> None:
        family = self.a_family_with_a_film()
        mother, child = family.people
        self._send(family, [frozenset({mother.id, child.id}), frozenset({mother.id})], notes=True)  # notes print stills
        self.workers_do_what_waits()
        self._say(family, child, NOTES, agrees=False)
        self.look()
        kinds = [made.kind for film in family.films.values() for made in film.made.values()]
        assert kinds.count("picture_notes") == 1

    def a_no_to_the_review_takes_all_and_ends_links(self) -> None:
        family = self.a_family_with_a_film()
        self._say(family, family.people[1], SHARED, agrees=False)
        self.look()
        assert not family.copies

    def a_no_leaves_what_is_not_cut_yet_of_films_that_do_not_show_the_person(self) -> None:
        family = self.a_family_with_a_film()
        mother, child = family.people
        self._send(family, [frozenset({mother.id})] * 2, notes=False)
        self._say(family, child, SHARED, agrees=False)
        self.look()
        [film] = family.films.values()
        assert film.has_source
        self.workers_do_what_waits()
        assert film.ready == set(film.seen)

    def a_no_on_hold_in_the_middle_of_an_output(self) -> None:
        self.all_is_brought_in_order()
        family = self.a_family_with_a_film()
        everyone = frozenset(one.id for one in family.people)
        self._send(family, [everyone, everyone], notes=True)
        while not [work for work in self.work if work.claim.moment_id is None]:
            self.a_worker_takes_a_job()
            for work in [work for work in self.work if work.claim.moment_id is not None]:
                self._hand_in(work)
        [work] = self.work
        self._hold_or_release(family)
        self._say(family, family.people[0], work.made.purpose, agrees=False)
        self._hand_in(work)
        self._erase_family(family)
        self.look()
        self._hold_or_release(family)
        self.look()

    def an_erasure_dies_and_is_resumed(self) -> None:
        for points in (1, 2, 4):
            family = self.a_family_with_a_film()
            [film] = family.films.values()
            self.crash.left = points
            self._erase(family, film)
            assert not self.is_clean, "it did not die"
            self.look()
            self.all_is_brought_in_order()
            self.look()


def play_each_once() -> None:
    """Play that year."""
    year = Once()
    year.begin()
    try:
        year.workers_do_what_waits()
        year.look()
        year.a_no_takes_what_was_made_for_it()
        year.a_no_to_notes_leaves_those_in_which_one_is_not_seen()
        year.a_no_to_the_review_takes_all_and_ends_links()
        year.a_no_leaves_what_is_not_cut_yet_of_films_that_do_not_show_the_person()
        year.a_no_on_hold_in_the_middle_of_an_output()
        year.an_erasure_dies_and_is_resumed()
    finally:
        year.teardown()
