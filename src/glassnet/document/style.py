"""The style of a page: quiet, readable on a phone, in a notebook and on paper."""

STYLE = """
.glassnet { color: #1d2733; background: #fff;
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
.glassnet.page { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; overflow-wrap: break-word }
.glassnet h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 1rem }
.glassnet h2 { font-size: 1.25rem; margin: 2.6rem 0 .8rem; padding-top: .6rem; border-top: 1px solid #dde3ea }
.glassnet p { margin: .7rem 0; max-width: 46rem }
.glassnet nav ol { columns: 2; margin: 0 0 1rem; padding-left: 1.4rem; font-size: .95rem }
.glassnet a { color: #2066a8 }
.glassnet math { font-size: 1.08em }
.glassnet .equation { margin: .8rem 0; padding: .55rem .9rem; background: #f4f7fa; border-radius: .4rem;
  overflow-x: auto }
.glassnet .equation math { font-size: 1.15em }
.glassnet .words { display: block; color: #5b6876; font-size: .9rem; margin-top: .2rem }
.glassnet .table { overflow-x: auto; margin: .9rem 0 }
.glassnet table { border-collapse: collapse; color: inherit; font-size: .92rem;
  font-variant-numeric: tabular-nums }
.glassnet caption { text-align: left; color: #5b6876; padding-bottom: .3rem }
.glassnet th { text-align: left; font-weight: 600; color: #5b6876; border-bottom: 1.5px solid #b9c4cf }
.glassnet th, .glassnet td { padding: .22rem .75rem .22rem 0; vertical-align: middle }
.glassnet th, .glassnet td.number, .glassnet td.barred, .glassnet td.short { white-space: nowrap }
.glassnet td { border-bottom: 1px solid #edf0f4; text-align: left }
.glassnet td.number, .glassnet th.number { text-align: right }
.glassnet table mfrac { font-size: 1.25em }
.glassnet tr.sum td { font-weight: 650; border-top: 1.5px solid #b9c4cf }
.glassnet td.barred > span:first-child { display: inline-block; min-width: 6.2em; text-align: right }
.glassnet .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact;
  display: inline-block; height: .72em; margin-left: .6em; border-radius: .1em }
.glassnet .bar.more { background: #2066a8 }
.glassnet .bar.less { background: #c2412d }
.glassnet figure { margin: 1rem 0 }
.glassnet figure.pixels img { width: 12rem; image-rendering: pixelated; border: 1px solid #b9c4cf }
.glassnet figure.picture img { max-width: 100%; height: auto }
.glassnet figure.narrow img { width: 32rem }
.glassnet figcaption { color: #5b6876; font-size: .9rem; max-width: 46rem }
.glassnet .good, .glassnet .look { padding: .45rem .8rem; border-left: .3rem solid; border-radius: .2rem }
.glassnet .good { border-color: #2e8b57; background: #eef7f1 }
.glassnet .look { border-color: #d1652b; background: #fdf3ec }
@media (max-width: 40rem) {
  .glassnet.page { padding: 1rem .8rem 3rem }
  .glassnet nav ol { columns: 1 }
  .glassnet h1 { font-size: 1.35rem }
  .glassnet table { font-size: .82rem }
  .glassnet th, .glassnet td { padding-right: .5rem }
  .glassnet figure.picture { overflow-x: auto }
  .glassnet figure.picture img { max-width: none; width: 38rem }
  .glassnet figure.narrow img { width: 100% }
}
@media print {
  .glassnet.page { max-width: none; padding: 0; font-size: 11pt }
  .glassnet nav { display: none }
  .glassnet section { break-inside: auto }
  .glassnet figure, .glassnet tr, .glassnet .equation { break-inside: avoid }
  .glassnet .table, .glassnet .equation { overflow: visible }
}
"""
