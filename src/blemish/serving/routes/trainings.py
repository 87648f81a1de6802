"""``/v1/trainings``: train from reviewed images in the background, compare with what answers now, activate."""

from __future__ import annotations

from fastapi import APIRouter

from blemish.bundled import bundled_catalogue
from blemish.serving.access.callers import Engineer, Operator
from blemish.serving.answers import Problem, TrainingRequest, Trainings, TrainingStatus, when
from blemish.serving.learning.trainings import Training, require_training_side
from blemish.serving.refusals import RefusalError
from blemish.serving.service import Service, Serving
from blemish.serving.store.audit import note

router = APIRouter(prefix="/v1/trainings", tags=["learning"], responses={404: {"model": Problem}})


@router.get("")
def list_trainings(service: Serving, caller: Operator) -> Trainings:
    """All trainings, the newest first; which methods there are; and why this server cannot train, where it cannot."""
    del caller
    problem = None
    try:
        require_training_side()
    except RefusalError as error:
        problem = str(error)
    methods = [each["name"] for each in bundled_catalogue()["methods"] if each["exportable"] and not each["on_series"]]
    shown = [_status(service, training) for training in service.trainings.all()]
    return Trainings(trainings=shown, methods=methods, problem=problem)


@router.post("", status_code=202, responses={429: {"model": Problem}, 501: {"model": Problem}})
def begin_training(wanted: TrainingRequest, service: Serving, caller: Engineer) -> TrainingStatus:
    """Train from the images that people have decided about. Once this is answered, no restart loses it."""
    training = service.trainings.add(wanted.detector, wanted.method, wanted.profile, wanted.seed, caller.name)
    with service.database.transaction() as session:
        note(session, caller.actor, "training.begin", f"{training.detector} {training.id}")
    return _status(service, training)


@router.get("/{training_id}")
def show_training(training_id: str, service: Serving, caller: Operator) -> TrainingStatus:
    """How far a training is, and how its detector compares with the one that answers."""
    del caller
    return _status(service, service.trainings.get(training_id))


@router.delete("/{training_id}")
def cancel_training(training_id: str, service: Serving, caller: Engineer) -> TrainingStatus:
    """End a training."""
    training = service.trainings.cancel(training_id)
    with service.database.transaction() as session:
        note(session, caller.actor, "training.cancel", training_id)
    return _status(service, training)


@router.post("/{training_id}/activate", responses={409: {"model": Problem}})
def activate_trained(training_id: str, service: Serving, caller: Engineer) -> TrainingStatus:
    """Have the new detector answer from now on, where it is no worse than the old one on the same images."""
    return _status(service, service.trainings.activate(training_id, caller.actor))


def _status(service: Service, training: Training) -> TrainingStatus:
    active = service.detectors.active_sha(training.detector)
    return TrainingStatus(
        **training.model_dump(include={"id", "by", "detector", "old_sha", "method", "profile", "seed", "state"}),
        error=training.error,
        images=training.images,
        new_sha=training.new_sha,
        comparison=training.comparison,
        created=when(training.created_ms),
        said=service.trainings.said(training),
        active=training.new_sha is not None and training.new_sha == active,
    )
