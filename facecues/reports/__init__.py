"""Scores → tables, figures and pages that people read.

Results (facecues.reports.results) ─ ReportConfig ─▶ tables/ ─▶ LaTeX, Markdown, CSV, Parquet, a terminal
        └──────── with Evidence (cues, videos) ────▶ figures/ ─▶ PDF, SVG, PNG
                                       all of it ──▶ site/    ─▶ a folder of HTML
"""
