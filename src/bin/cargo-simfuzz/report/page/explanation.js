// The explanation of a finding and its likelihood over time, where somebody has worked them out.
'use strict';

function explanation(given, model) {
  return [];
}
