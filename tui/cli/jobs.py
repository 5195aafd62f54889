"""`passbay jobs list|watch|stop`: vehicle hosts, which go on when the screen or command that began a job is gone."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from core.errors import JobError, UsageError, VciNotFound
from core.vocabulary import HostInfo, HostJob
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.cli.running import follow
from tui.locale import _, said

if TYPE_CHECKING:
    from core.workbench import HostedVehicle, Workbench

which_argument = click.argument("which", required=False, metavar="[URI|PID]")


@click.group()
def jobs() -> None:
    """Jobs that run in vehicle hosts: list, watch to the end, stop safely.

    A flash or coding goes on when its command or screen is killed. URI or PID says which host; it may be left out
    where only one runs.
    """


@jobs.command("list")
@json_option
@command
def list_hosts(out: Output) -> None:
    """Every vehicle host with its job, who drives and how many are attached."""
    with open_workbench() as workbench:
        hosts = workbench.hosts()
    for host in hosts:
        out.line(f"{host.pid:>7}  {host.uri:<32} {_state(host)}")
    if not hosts:
        out.line(_("No vehicle host runs."))
    out.record(hosts=[_host_fields(host) for host in hosts])


@jobs.command()
@which_argument
@json_option
@command
def watch(which: str | None, out: Output) -> None:
    """Follow the job of a host to its end; ends as the job ends. ctrl+c leaves, the job goes on."""
    with open_workbench() as workbench:
        target = which or only_host(workbench)
        with workbench.attach(target, watch=True) as vehicle:
            if vehicle.host_job is not None:
                out.record(event="attached", **_host_fields(vehicle.host))
                out.line(f"{vehicle.host.uri}: {_job_words(vehicle.host_job)}")
            _watch(vehicle, workbench, out)


def _watch(vehicle: HostedVehicle, workbench: Workbench, out: Output) -> None:
    job = vehicle.running or vehicle.last_job
    if job is None:
        raise JobError(
            _("No job is running on {uri}.").format(uri=vehicle.uri), _("`passbay jobs list` shows what runs.")
        )
    try:
        result = follow(job, workbench, out)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    words = f"{said(job.kind)} {job.unit}".strip()
    out.line(_("{job} has ended well.").format(job=words))
    out.record(uri=vehicle.uri, job=job.job_id, kind=job.kind, unit=job.unit, result=_result_fields(result))


@jobs.command()
@which_argument
@json_option
@command
def stop(which: str | None, out: Output) -> None:
    """Ask for the safe ending of a host's job. What the job has to restore still runs; `watch` shows it."""
    with open_workbench() as workbench:
        host = workbench.stop_host(which or only_host(workbench))
    what = f"{said(host.job.kind)} {host.job.unit}".strip() if host.job is not None else _("the idle host")
    out.line(_("{uri}: {what} was asked to stop.").format(uri=host.uri, what=what))
    out.record(stopping=_host_fields(host))


def only_host(workbench: Workbench) -> int:
    hosts = workbench.hosts()
    if not hosts:
        raise VciNotFound(_("No vehicle host runs."), _("There is no job that goes on without its command."))
    if len(hosts) > 1:
        names = ", ".join(f"{host.pid} ({host.uri})" for host in hosts)
        raise UsageError(
            _("{count} vehicle hosts run.").format(count=len(hosts)), _("Say which one: {names}.").format(names=names)
        )
    return hosts[0].pid


def _state(host: HostInfo) -> str:
    if not host.answers:
        return _("does not answer")
    job = _job_words(host.job) if host.job is not None else _("nothing runs")
    vin = f"  VIN {host.vin}" if host.vin else ""
    driver = _("driven by {driver}").format(driver=host.driver) if host.driver else _("nobody drives")
    return f"{job}{vin}  {driver}"


def _job_words(job: HostJob) -> str:
    began = datetime.fromtimestamp(job.started).astimezone()
    share = f" {100 * job.done // job.total} %" if job.total else ""
    return _("{job} since {began}, {step}").format(
        job=f"{said(job.kind)} {job.unit}".strip(), began=f"{began:%H:%M:%S}",
        step=(said(job.title) or _("beginning")) + share,
    )  # fmt: skip


def _host_fields(host: HostInfo) -> dict[str, Any]:
    fields = dataclasses.asdict(host)
    fields["data_files"] = list(host.data_files)
    return fields


def _result_fields(result: object) -> Any:
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return dataclasses.asdict(result)
    return result
