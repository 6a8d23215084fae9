// Puts the page together.
'use strict';
{
  const page = document.getElementById('page');
  if (report.run) runPage(page, report.run);
  if (report.campaign) campaignPage(page, report.campaign);
  page.append(make('footer', {}, `simfuzz ${report.simfuzz}, report format ${report.format}. `,
    typeof uPlot === 'undefined' ? '' : 'Curves by uPlot (MIT licence, its text is in the source of this page).'));
}
