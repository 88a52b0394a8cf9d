"""Train: what is preselected, what weights ask for, and what is told of a training that is over."""

from __future__ import annotations

import pytest

from workbench.ui import home, queue, train_job


@pytest.fixture
def form(trained):
    """Return Train with the made loans."""
    app, desk = trained
    app.query_params["data"] = desk.registry.datasets()[0].sha256
    app.run()
    app.switch_page("pages/2_Train.py").run()
    assert not app.exception, app.exception
    return app, desk


@pytest.fixture
def asked(monkeypatch):
    """Return the requests that Train queues; none is run."""
    from workbench import jobs

    found = []
    monkeypatch.setattr(jobs, "hold_app_lock", lambda settings: None)
    monkeypatch.setattr(jobs, "ensure_worker", lambda settings: False)

    def enqueue_train(request, settings, who, *, title):
        found.append(request)
        return jobs.enqueue("train", {}, settings, title=title, who=who)

    monkeypatch.setattr(jobs, "enqueue_train", enqueue_train)
    return found


def test_what_is_left_as_it_is_asks_for_what_the_command_line_asks_for(form, asked):
    app, _ = form
    app.button(key="train").click().run()
    assert not app.exception, app.exception
    (request,) = asked
    assert request.spec.families == ("logistic", "scorecard", "lightgbm")
    assert request.spec.weights == "" and not request.deploy


def test_weights_and_the_wish_to_deploy_reach_the_job(form, asked):
    app, _ = form
    app.selectbox(key="weights").set_value("balanced").run()
    app.checkbox(key="deploy").check().run()
    app.button(key="train").click().run()
    assert not app.exception, app.exception
    assert asked[0].spec.weights == "balanced" and asked[0].deploy


def test_balanced_weights_without_calibration_are_refused_before_they_start(form):
    app, _ = form
    app.selectbox(key="weights").set_value("balanced").run()
    app.selectbox(key="calibration").set_value("none").run()
    assert "nothing would bring them back" in app.error[0].value
    assert "train" not in {button.key for button in app.button}


class Stopped:
    def __init__(self, job_id: str, started: bool) -> None:
        self.job_id, self.kind, self.started_at = job_id, "train", started or None


@pytest.mark.parametrize(("started", "said"), [(True, "its process has ended"), (False, "before it began")])
def test_a_stopped_job_says_whether_its_process_has_ended_and_what_stayed(
    trained, monkeypatch, started, said
):
    from workbench import jobs
    from workbench.jobs import locks, places

    _, desk = trained
    monkeypatch.setattr(queue.cache, "queue", lambda: jobs)
    monkeypatch.setattr(queue.cache, "desk", lambda: desk)
    told = queue.stopped(Stopped("job-1", started))
    assert said in told and "No study was kept and no model was registered" in told
    with locks.take(places.log_path(desk.settings, "job-1")):
        assert queue.stopped(Stopped("job-1", started)) == queue.ENDING


def test_a_training_leads_to_the_champion_and_a_card_tells_what_balanced_weights_did_to_the_pds(
    trained, monkeypatch
):
    from workbench.desk import TrainRequest
    from workbench.run import Run
    from workbench.sampling import SamplingSpec
    from workbench.study import StudySpec

    _, desk = trained
    sha256 = desk.registry.datasets()[0].sha256
    spec = StudySpec(("logistic",), SamplingSpec.from_split("70/30"), weights="balanced")
    done = desk.train(TrainRequest(portfolio="made@1", spec=spec, dataset_sha256=sha256), Run(1)).to_json()
    (line,) = done["models"]
    monkeypatch.setattr(train_job.cache, "desk", lambda: desk)
    assert train_job._rivals(done) == (None, [line["model_id"]])
    desk.promote("made-1")
    champion, rivals = train_job._rivals(done)
    trail = desk.registry.trail()
    shown = home.overview(desk.registry.datasets(), desk.registry.models(), trail, champion.created_at)
    assert shown.loc[0, "champion"].endswith(" v1") and shown.loc[0, "trained"] == "just now"
    assert shown.loc[0, "since"] == home.cache.when(trail[0].at)
    assert champion.model_id == "made-1" and rivals == ["made-1", line["model_id"]]
    told = line["calibration"]
    assert told["p_bad_uncalibrated"] > 1.5 * told["p_bad_mean"]
    said = train_job.balanced(told)
    assert f"{100 * told['p_bad_uncalibrated']:.1f}% before" in said
    assert f"{100 * told['p_bad_mean']:.1f}% after" in said


class Past:
    kind, state = "train", "done"

    def __init__(self, sha256: str, seconds: float, models: int = 1) -> None:
        self.result = {"dataset_sha256": sha256, "seconds": seconds, "models": [{}] * models}


def test_the_time_is_told_from_the_training_of_nearest_size_or_not_at_all(trained, monkeypatch):
    from types import SimpleNamespace

    from workbench.ui import train

    rows = [SimpleNamespace(sha256="small", rows=100), SimpleNamespace(sha256="like", rows=10_000)]
    registry = SimpleNamespace(datasets=lambda: rows)
    monkeypatch.setattr(train.cache, "desk", lambda: SimpleNamespace(registry=registry))
    past = [Past("small", 5.0), Past("like", 40.0, models=2)]
    monkeypatch.setattr(train.cache, "recent_jobs", lambda: past)
    assert train.estimate(SimpleNamespace(n=20_000), 3).startswith("About 2 min 0 s")
    assert train.estimate(SimpleNamespace(n=1_000_000), 3).startswith("No training of about this size")
    past.clear()
    assert train.estimate(SimpleNamespace(n=20_000), 3).startswith("The first training")
