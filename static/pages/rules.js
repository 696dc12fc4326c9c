// Help with conditions: an activity that is chosen is put where the cursor was.
for (const choice of document.querySelectorAll(".insert")) choice.hidden = false; // it needs scripts

document.addEventListener("change", ({ target }) => {
  if (!target.dataset.insert || !target.value) return;
  const field = document.getElementById(target.dataset.insert);
  const [from, to] = [field.selectionStart, field.selectionEnd];
  const before = field.value.slice(0, from);
  const joined = before.trim() && !/[(!&|]\s*$/.test(before) ? `${before.trimEnd()} && ${target.value}` : `${before}${target.value}`;
  field.setRangeText(joined + field.value.slice(to), 0, field.value.length, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  target.value = "";
});
