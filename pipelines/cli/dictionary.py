"""``atlas dictionary``: print the documents that are made from declarations (for maintainers).

Here: the command and where the documents go. Not here: their text (`assets/schemas/dictionary.py`,
`assets/places/metros.py`, `assets/runbook.py`, `assets/ingest/notice.py`).
"""

import click

EPILOG = """\b
Examples:
  atlas dictionary            write docs/data-dictionary.md, docs/metros.md, docs/runbook.md and NOTICE
  atlas dictionary --check    fail if they are out of step
"""


@click.command(epilog=EPILOG)
@click.option("--check", is_flag=True, help="Write nothing; fail if a document is out of step.")
def dictionary(*, check: bool) -> None:
    """Print the data dictionary, the sheets of the metros, the runbook and NOTICE from what declares them."""
    from assets.ingest.notice import notice
    from assets.places.metros import metro_sheets
    from assets.runbook import runbook_page
    from assets.schemas.dictionary import data_dictionary
    from pipelines.settings import project_root

    root = project_root()
    documents = {
        root / "docs" / "data-dictionary.md": data_dictionary(),
        root / "docs" / "metros.md": metro_sheets(),
        root / "docs" / "runbook.md": runbook_page(),
        root / "NOTICE": notice(),
    }
    for path, text in documents.items():
        if check:
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                raise click.ClickException(f"{path.relative_to(root)} is out of step; run 'atlas dictionary'.")
            continue
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(f"Wrote {path.relative_to(root)}")
