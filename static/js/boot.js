// Runs before anything is painted: tells the styles that script is there.
document.documentElement.classList.add("js");
