"""Pages."""

from django.urls import path

from live import simulation_pages, views

urlpatterns = [
    path("", views.logs, name="logs"),
    path("cards/", views.log_cards, name="log-cards"),
    path("logs/<slug:slug>/", views.log, name="log"),
    path("simulate/", simulation_pages.simulate, name="simulate"),
    path("simulate/<int:pk>/", simulation_pages.simulation, name="simulate-run"),
    path("simulate/<int:pk>/state/", simulation_pages.simulation_state, name="simulate-state"),
    path("simulate/<int:pk>/stop/", simulation_pages.simulation_stop, name="simulate-stop"),
]
