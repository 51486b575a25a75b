"""The rating scale over HTTP: the scale itself, each rater's answers to a recording, and recordings compared."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from api.dependencies import Asker, Ctx, GivenId
from api.errors import described
from api.routes.selections import PREFIX
from pipeline.limits import ID_PATTERN, LIMITS
from pipeline.rating_scale import Answer, Scale, rating_scale
from pipeline.training.rating.form import print_form
from pipeline.training.rating.printed import CheckedTable, PrintedTable, check_printed, read_printed
from pipeline.training.rating.totals import Comparison, Totals, compare, totals
from records.families.access import Right, check_selection, may_with_selection, owner_of
from records.training import ratings
from records.training.ratings import erase_rating, may_change, ratings_of

router = APIRouter(tags=["ratings"])
GivenRater = Annotated[
    str,
    Path(pattern=LIMITS.code, description="A code, never a name.", examples=["self"]),
]


class QuestionView(BaseModel):
    """One question; its text is its number where the service has not given its own."""

    key: str
    text: str


class SubScaleView(BaseModel):
    """Questions that are summed together."""

    item: int
    heading: str
    questions: list[QuestionView]


class ScaleView(BaseModel):
    """The scale; an answer is the place of its anchor, from 0, or `not_applicable`."""

    title: str
    has_texts: bool
    """Whether it says what each question asks: the words are copyrighted, and a service gives its own."""
    anchors: list[str]
    sub_scales: list[SubScaleView]


class RatingView(BaseModel):
    """One rater's answers and what they come to."""

    rater: str
    answers: dict[str, Answer]
    totals: Totals
    may_change: bool
    """Whether they are the asker's own to change."""


class NewRating(BaseModel):
    """A rater's answers by the question's key; what is still open is left out."""

    model_config = ConfigDict(extra="forbid")

    answers: Annotated[dict[str, Answer], Field(max_length=500, examples=[{"4.1": 3, "4.2": "not_applicable"}])]


class PrintedTotals(BaseModel):
    """A table as somebody printed it: read already, or as CSV."""

    model_config = ConfigDict(extra="forbid")

    table: PrintedTable | None = None
    csv: Annotated[str | None, Field(max_length=100_000)] = None

    @model_validator(mode="after")
    def _holds_one(self) -> PrintedTotals:
        if (self.table is None) == (self.csv is None):
            raise ValueError("give either the table or its CSV")
        return self


@router.get("/api/v1/rating-scale", summary="The rating scale", responses=described(401))
def get_rating_scale(ctx: Ctx) -> ScaleView:
    """Its sub-scales, questions and anchors. It rates a practitioner's recording, never a family."""
    found = rating_scale(ctx.settings.rating_scale)
    return ScaleView(
        title=found.title,
        has_texts=found.has_texts,
        anchors=list(found.anchors),
        sub_scales=[
            SubScaleView(
                item=one.item,
                heading=one.heading,
                questions=[QuestionView(key=key, text=one.wording(n)) for n, key in enumerate(one.questions)],
            )
            for one in found.sub_scales
        ],
    )


@router.get(
    "/api/v1/rating-scale/form.pdf",
    summary="The rating scale on paper",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}, **described(401)},
)
def download_rating_form(ctx: Ctx) -> Response:
    """Empty, for any recording of a shared review."""
    headers = {"Content-Disposition": 'inline; filename="rating-scale.pdf"'}
    return Response(print_form(rating_scale(ctx.settings.rating_scale)), headers=headers, media_type="application/pdf")


@router.get(f"{PREFIX}/{{selection_id}}/ratings", summary="Ratings of a recording", responses=described(401, 404, 422))
def list_ratings(selection_id: GivenId, asker: Asker, ctx: Ctx) -> list[RatingView]:
    """Each rater's; a selection of a family's film has none and takes none."""
    with ctx.db.reading() as session:
        found = ratings_of(session, selection_id)
        may_work = may_with_selection(session, asker, selection_id, Right.WORK)
    mine, scale = owner_of(asker), rating_scale(ctx.settings.rating_scale)
    return [
        _view(scale, rater, given.answers, may_change=may_change(given.account_id, mine, may_work=may_work))
        for rater, given in found.items()
    ]


@router.put(
    f"{PREFIX}/{{selection_id}}/ratings/{{rater}}",
    summary="Save a rater's answers",
    responses=described(401, 403, 404, 409, 422),
)
def save_rating(selection_id: GivenId, rater: GivenRater, new: NewRating, asker: Asker, ctx: Ctx) -> RatingView:
    """Instead of those saved before. Totals are computed, and none can be sent. A supervisor to whom the recording is
    shown rates it too; nobody changes what somebody else answered.
    """
    scale = rating_scale(ctx.settings.rating_scale)
    scale.check(new.answers)
    with ctx.db.session() as session:
        may_work = may_with_selection(session, asker, selection_id, Right.WORK)
        ratings.save_rating(session, owner_of(asker), selection_id, rater, new.answers, may_work=may_work)
    return _view(scale, rater, new.answers, may_change=True)


@router.delete(
    f"{PREFIX}/{{selection_id}}/ratings/{{rater}}",
    status_code=204,
    summary="Erase a rater's answers",
    responses=described(401, 403, 404, 409),
)
def delete_rating(selection_id: GivenId, rater: GivenRater, asker: Asker, ctx: Ctx) -> None:
    """They cannot be brought back. One's own; of one's own recording everybody's."""
    with ctx.db.session() as session:
        may_work, is_own = (
            may_with_selection(session, asker, selection_id, right) for right in (Right.WORK, Right.OWN)
        )
        erase_rating(session, owner_of(asker), selection_id, rater, may_work=may_work, is_own=is_own)


@router.get("/api/v1/ratings/comparison", summary="Two recordings compared", responses=described(401, 404, 422))
def compare_recordings(
    asker: Asker,
    ctx: Ctx,
    one: Annotated[str, Query(pattern=ID_PATTERN)],
    other: Annotated[str, Query(pattern=ID_PATTERN)],
) -> Comparison:
    """By rater and by sub-scale, in points and in per cent of the most that the answered questions could give."""
    with ctx.db.reading() as session:
        for selection_id in (one, other):
            check_selection(session, asker, selection_id, Right.SEE)
        first, second = ratings_of(session, one), ratings_of(session, other)
    scale = rating_scale(ctx.settings.rating_scale)
    return compare(scale, *({rater: given.answers for rater, given in one.items()} for one in (first, second)))


@router.post("/api/v1/ratings/printed-totals", summary="Check a printed table", responses=described(401, 422))
def check_printed_totals(printed: PrintedTotals) -> CheckedTable:
    """Its sums computed anew, and a flag for every printed total that does not fit its lines. Nothing is kept."""
    return check_printed(printed.table if printed.table is not None else read_printed(printed.csv or ""))


def _view(scale: Scale, rater: str, answers: dict[str, Any], *, may_change: bool) -> RatingView:
    return RatingView(rater=rater, answers=answers, totals=totals(scale, answers), may_change=may_change)
