"""Jobs: what runs, and how did it end?"""

from workbench.ui import frame, queue

with frame.page("Jobs", "What runs, and how did it end?") as context:
    jobs = queue.jobs_of(context)
    queue.alive(context, jobs)
    queue.finished(context, jobs)
