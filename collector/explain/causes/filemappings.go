package causes

import (
	"fmt"
	"slices"

	"whyres/collector/ledger"
)

// largeCode is from how many bytes on the program's own file is worth a word.
const largeCode = 32 << 20

// fileMappings: resident pages of mapped files.
func fileMappings() Cause {
	return Cause{
		ID: "file-mappings",
		Page: Page{
			What: "pages of mapped files count in RES, though the kernel can take clean ones back at any time",
			Mechanism: "Databases and indexes that map their files (bbolt, LMDB, Prometheus' blocks) have each page that they ever read in RES, for as long as the kernel has room for it. " +
				"These pages are the page cache's: reading the file by read(2) would have them there too, and only not in RES. " +
				"Clean pages go by themselves when memory gets short; dirty ones of a shared mapping once they are written. " +
				"Copies that the process made by writing to a private mapping are its own: without swap they stay.",
			Proof: "smaps tells for each file what is resident and what of it is a private copy. " +
				"The program's own file and its libraries are code that runs: told only from 32 MiB on, as possible.",
			Remedy: []string{
				"none: watch what the kernel can give (MemAvailable, memory pressure), not RES",
				"read by pread(2) instead of mapping the file: the same cache, outside RES",
				"munmap, or madvise(MADV_DONTNEED) on a shared mapping, once a file is no longer read: its pages leave RES and stay in the cache",
			},
			Versions: "All releases of Go and Linux.",
			Sources:  []string{"proc_pid_status(5), RssFile", "proc_pid_smaps(5)", "mmap(2)", "madvise(2)"},
		},
		Find: findFileMappings,
	}
}

func findFileMappings(f *Facts) *Finding {
	files := mappedFiles(f)
	data := slices.DeleteFunc(slices.Clone(files), func(m mappedFile) bool { return m.isExe || m.code || m.shmem })
	code := slices.DeleteFunc(files, func(m mappedFile) bool { return !m.code || m.isExe || m.shmem })
	exe := f.Leaf(ledger.FileExe)
	if exe < largeCode {
		exe = 0
	}
	libraries := int64(sumFiles(code).resident())
	if libraries < largeCode {
		libraries = 0
	}
	total := sumFiles(data)
	if held := int64(total.resident()); held >= max(modest, f.Worth()) {
		return dataFiles(f, total, data)
	}
	if exe+libraries == 0 {
		return nil
	}
	return codeFiles(exe, libraries)
}

// sumFiles adds files up.
func sumFiles(files []mappedFile) (sum mappedFile) {
	for i := range files {
		sum.shared += files[i].shared
		sum.private += files[i].private
	}
	return sum
}

// dataFiles: files that the program maps to read them.
func dataFiles(f *Facts, total mappedFile, files []mappedFile) *Finding {
	found := &Finding{
		Confidence: Proved,
		Takes:      []Take{{ledger.FileMapped, int64(total.resident())}},
		Says:       "are pages of mapped files: the kernel takes them back by itself when memory gets short",
		Evidence: append([]string{fmt.Sprintf("smaps: %s of mapped files are pages of the files themselves, %s private copies (the process has %s of file pages in all, RssFile)",
			bytesOf(total.shared), bytesOf(total.private), size(f.Sample.RSS.File))}, largestFiles(files)...),
		Remedy: []string{
			"none is needed for clean pages: watch what the kernel can give (MemAvailable), not RES",
			"unmap files that are no longer read, or read them by pread(2): the cache stays, and RES falls",
		},
	}
	switch {
	case total.private > total.shared:
		found.Says = "are mapped files, most of it private copies that the process wrote: these do not go without swap"
		found.Remedy = []string{"unmap the files, or map them shared or without writing to them: private copies do not go by themselves"}
	case total.private > 1<<20:
		found.Says = "are pages of mapped files: the kernel takes them back by itself when memory gets short, but for " + bytesOf(total.private) + " of private copies"
	}
	if f.Sample.VMAsCut > 0 {
		found.Evidence = append(found.Evidence, "at least: not all mappings were read")
	}
	return found
}

// codeFiles: a program of this size is no fault, and may explain a RES all the
// same.
func codeFiles(exe, libraries int64) *Finding {
	found := &Finding{
		Confidence: Possible,
		Says:       "are the program's own file and its libraries: code that runs and constants, which the kernel can take back, and variables",
		Remedy:     []string{"none is needed: clean pages go by themselves when memory gets short"},
	}
	if exe > 0 {
		found.Takes = append(found.Takes, Take{ledger.FileExe, exe})
		found.Evidence = append(found.Evidence, size(exe)+" of the program's own file and variables are resident")
	}
	if libraries > 0 {
		found.Takes = append(found.Takes, Take{ledger.FileMapped, libraries})
		found.Evidence = append(found.Evidence, size(libraries)+" of libraries are resident")
	}
	return found
}
