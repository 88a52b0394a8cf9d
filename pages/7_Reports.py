"""Reports: what was put on paper, with which parameters?"""

from workbench.ui import frame, reports, reports_form, reports_job

with frame.page("Reports", "What do the reports say?") as context:
    at_work = reports_job.draw(context)
    one = reports.choose(reports.kept(context, at_work))
    reports_form.draw(context, one)
    reports.show(one)
