"""What holds for every test."""

import os

from hypothesis import settings

# No deadline: a busy machine is no defect. ROXHAM_TEST_EXAMPLES=5000 looks longer than every run can.
settings.register_profile("roxham", deadline=None, max_examples=int(os.environ.get("ROXHAM_TEST_EXAMPLES", "100")))
settings.load_profile("roxham")
