package report

// chartLibrary is the library that draws the charts, as its npm package has it.
type chartLibrary struct {
	Name, Version string
	File          string // below assets
	SHA256        string
}

// library is Apache ECharts: assets/echarts/README.md says where it is from.
func library() chartLibrary {
	return chartLibrary{
		Name: "Apache ECharts", Version: "6.1.0", File: "echarts/echarts.min.js",
		SHA256: "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0",
	}
}
