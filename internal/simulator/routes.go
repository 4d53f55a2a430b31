package simulator

import (
	"net/http"
)

// instanceBody is an instance as the server lists it.
type instanceBody struct {
	ID           string `json:"instanceId"`
	Name         string `json:"displayName"`
	Group        string `json:"group"`
	SolutionID   string `json:"solutionId"`
	SolutionName string `json:"solutionName"`
	Persistent   bool   `json:"persistent"`
	Loaded       bool   `json:"loaded"`
	Running      bool   `json:"running"`
	FPS          double `json:"fps"`
	Version      string `json:"version"`
	FrameLimit   int    `json:"frameRateLimit"`
	Metadata     bool   `json:"metadataMode"`
	Statistics   bool   `json:"statisticsMode"`
	Diagnostics  bool   `json:"diagnosticsMode"`
	Debug        bool   `json:"debugMode"`
	ReadOnly     bool   `json:"readOnly"`
	AutoStart    bool   `json:"autoStart"`
	AutoRestart  bool   `json:"autoRestart"`
	System       bool   `json:"systemInstance"`
	Detector     string `json:"detectorMode"`
	Sensitivity  string `json:"detectionSensitivity"`
	Movement     string `json:"movementSensitivity"`
	SensorMode   string `json:"sensorModality"`
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/core/instances", s.list)
	mux.HandleFunc("GET /v1/core/instance/{id}", s.one)
	mux.HandleFunc("GET /v1/core/version", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]string{"engine": "0.0.0-simulated"})
	})
	mux.HandleFunc("GET /v1/core/instance/{id}/consume_events_sse", func(w http.ResponseWriter, r *http.Request) { s.events(w, r, true) })
	mux.HandleFunc("GET /v1/core/instance/{id}/consume_events", func(w http.ResponseWriter, r *http.Request) { s.events(w, r, false) })
	mux.HandleFunc("GET /openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write([]byte("openapi: 3.0.3\ninfo: {title: RT Server (simulated), version: 0.0.0}\npaths: {}\n"))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "no such path: "+r.URL.Path)
	})
	return mux
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	s.logf("%s %s", r.Method, r.URL)
	bodies := []instanceBody{}
	s.mu.Lock()
	for _, c := range s.cameras {
		bodies = append(bodies, c.body())
	}
	s.mu.Unlock()
	reply(w, http.StatusOK, map[string][]instanceBody{"instances": bodies})
}

func (s *Server) one(w http.ResponseWriter, r *http.Request) {
	s.logf("%s %s", r.Method, r.URL)
	s.mu.Lock()
	c := s.camera(r.PathValue("id"))
	var body instanceBody
	if c != nil {
		body = c.body()
	}
	s.mu.Unlock()
	if c == nil {
		refuse(w, http.StatusNotFound, "instance not found")
		return
	}
	reply(w, http.StatusOK, body)
}

// body is the instance as the server describes it. Under Server.mu.
func (c *camera) body() instanceBody {
	b := instanceBody{
		ID: c.ID, Name: c.Name, Group: c.Group, SolutionID: "securt", SolutionName: "SecuRT (Security)",
		Persistent: true, Loaded: c.State != "registered", Running: c.State == "running", Version: "0.0.0-simulated",
		Metadata: true, Statistics: true, AutoRestart: true,
		Detector: "SmartDetection", Sensitivity: "Medium", Movement: "Medium", SensorMode: "RGB",
	}
	if b.Running {
		b.FPS = 24.94
	}
	return b
}

func refuse(w http.ResponseWriter, status int, text string) {
	reply(w, status, map[string]string{"error": text})
}

// reply answers with a JSON body. A client that is gone before is none of our
// business.
func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(body))
}
