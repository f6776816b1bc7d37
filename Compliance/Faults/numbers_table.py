"""The numbers of a run, as one table at its end."""


class Table:
    def __init__(self):
        self.rows = []

    def add(self, part, name, value, unit="", bound=None):
        """One number; `bound` is what it is held against, where it is."""
        if isinstance(value, float):
            value = f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"
        self.rows.append((part, name, str(value), unit, "" if bound is None else f"<= {bound}"))

    def show(self):
        if not self.rows:
            return
        widths = [max(len(row[column]) for row in self.rows) for column in range(5)]
        print("-- numbers")
        for part, name, value, unit, bound in self.rows:
            line = (f"{part:<{widths[0]}}  {name:<{widths[1]}}  {value:>{widths[2]}} {unit:<{widths[3]}}  {bound}")
            print(line.rstrip(), flush=True)


table = Table()
