"""Lines: connected where values are neighbours, a dash where one stands alone, nothing where none is known."""

import pytest

from perf.pages.charts import ChartSeries, rates


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ((0.5, 0.5), "M150.00 52.50L450.00 52.50"),
        ((None, 0.5, None), "M230.00 52.50h140.00"),
        ((0.0, None, 0.5), "M30.00 100.00h140.00M430.00 52.50h140.00"),
        ((None, None), ""),
    ],
)
def test_a_line(values, path):
    (line,) = rates("Hits", ChartSeries("hits", "good", values), [str(each) for each in values]).lines
    assert line.path == path
